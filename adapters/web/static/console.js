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
