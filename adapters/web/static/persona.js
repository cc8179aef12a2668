// The persona's preview: a finding leads to its line, and a button that takes a while says so.
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
  const form = text.form;
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.busy) return;
    if (button.getAttribute("aria-disabled") === "true") return event.preventDefault();
    button.dataset.words = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy;
  });
  // What could not be looked through is said where its findings would stand.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, xhr } = event.detail;
    if (requestConfig.elt === form && xhr.status === 429) event.detail.shouldSwap = true;
  });
  addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("[data-words]")) {
      button.removeAttribute("aria-disabled");
      button.textContent = button.dataset.words;
    }
  });
})();
