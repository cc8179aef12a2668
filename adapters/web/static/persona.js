// The persona's preview: a finding leads to its line.
(() => {
  "use strict";
  const text = document.getElementById("yaml");
  if (!text) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    const lines = text.value.split("\n");
    const at = Math.min(Number(link.dataset.line), lines.length) - 1;
    const start = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + lines[at].length);
    text.scrollTop = Math.max(0, (text.scrollHeight / lines.length) * at - text.clientHeight / 3);
    text.scrollIntoView({ block: "nearest" });
  });
})();
