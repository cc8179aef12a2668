// Times in the reader's own zone; without this script they are in UTC.
(() => {
  "use strict";
  // As the server writes days: 3 Nov 2026, 14:05.
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const two = (n) => String(n).padStart(2, "0");
  const words = (t) =>
    `${t.getDate()} ${months[t.getMonth()]} ${t.getFullYear()}, ${two(t.getHours())}:${two(t.getMinutes())}`;
  const local = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (time.title || Number.isNaN(moment.getTime())) continue; // done, or no moment
      time.title = time.textContent;
      time.textContent = words(moment);
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

// A room that keeps itself up to date says so where it cannot, until it can again; who is signed out
// keeps what stands there. Several parts of a page ask by themselves: each clears what it said.
(() => {
  "use strict";
  const line = document.getElementById("unreached");
  const troubles = new Map(); // words by the part that they are about
  const OLD = "What stands here may be old";
  const UNREACHED = `The bot cannot be reached. ${OLD}; it is tried again.`;
  const tell = () => {
    for (const part of troubles.keys()) if (!part.isConnected) troubles.delete(part);
    const words = [...troubles.values()].pop() ?? "";
    if (line.textContent !== words) line.textContent = words;
  };
  const byItself = (element) => (element.getAttribute("hx-trigger") ?? "").includes("every");
  // Our own failures come as a line with a sentence; what stands before the bot sends whole pages.
  const sentenceIn = (html) =>
    new DOMParser().parseFromString(html, "text/html").querySelector("body > .trouble:only-child")
      ?.textContent ?? "";
  const wordsFor = (xhr) => {
    const sentence = sentenceIn(xhr.response);
    if (sentence) return `${sentence} ${OLD}.`;
    if (xhr.status >= 502 && xhr.status <= 504) return UNREACHED;
    return `This page could not be brought up to date: the server answered ${xhr.status}. ${OLD}.`;
  };
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(failure, (event) => {
      const { elt } = event.detail.requestConfig;
      if (!byItself(elt)) return;
      troubles.set(elt, UNREACHED);
      tell();
    });
  }
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (new URL(xhr.responseURL).pathname.startsWith("/console/login")) {
      event.detail.shouldSwap = false;
      troubles.set(
        requestConfig.elt,
        "You are signed out. Copy what you wrote, and load the page again.",
      );
    } else if (xhr.status < 400) troubles.delete(requestConfig.elt);
    else if (byItself(requestConfig.elt)) troubles.set(requestConfig.elt, wordsFor(xhr));
    tell();
  });
})();
