// Times in the reader's own zone; without this script they are in UTC.
(() => {
  "use strict";
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const local = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = time.textContent;
      time.textContent = format.format(moment);
    }
  };
  local(document);
  // In a low window the rooms scroll in the rail: the one that is open is in sight.
  document.querySelector(".here [aria-current=page]")?.scrollIntoView({ block: "nearest" });
  document.body.addEventListener("htmx:load", (event) => local(event.target));
})();

// A form whose answer takes a while says so on its button, and is sent once.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-busy]")) {
    const button = form.querySelector("button[type=submit]");
    const words = button.textContent;
    form.addEventListener("submit", (event) => {
      if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
      button.setAttribute("aria-disabled", "true");
      button.textContent = form.dataset.busy;
    });
    window.addEventListener("pageshow", () => {
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    });
  }
})();

// Review by keyboard: keys work on the card that has the focus, else on the first one.
(() => {
  "use strict";
  const cards = [...document.querySelectorAll(".reviewing > .card")];
  const undo = document.querySelector(".undone button");
  const KEPT = "review-place";
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (!cards.length && !undo) return;
  for (const hint of document.querySelectorAll(".keys")) hint.hidden = false;
  const current = () => cards.findIndex((card) => card.contains(document.activeElement));
  const go = (index) => {
    const card = cards[Math.max(0, Math.min(cards.length - 1, index))];
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start", behavior: "auto" });
  };
  // A verdict loads the page anew: the work goes on at the card that took the place of the judged.
  for (const form of document.querySelectorAll(".judge, .undone form")) {
    form.addEventListener("submit", () => {
      const card = form.closest(".card");
      sessionStorage.setItem(KEPT, String(card ? cards.indexOf(card) : Math.max(0, current())));
    });
  }
  if (kept !== null) go(Number(kept));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target;
    if (target.matches("input, textarea, select")) {
      if (event.key === "Escape") target.closest(".card")?.focus();
      return;
    }
    const at = current();
    const card = cards[Math.max(0, at)];
    if (event.key === "j") go(at + 1);
    else if (event.key === "k") go(at - 1);
    else if (event.key === "u" && undo) undo.click();
    else if (event.key === "e" && card) card.querySelector("textarea").focus();
    else if (card && at >= 0) {
      const button = card.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
      if (!button) return;
      button.click();
    } else return;
    event.preventDefault();
  });
})();
