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
  const pressed = new Map(); // what they said, and until when once is enough, by button
  const ONCE_MS = 10000; // who stopped loading may press again
  const again = () => {
    for (const [button, { words }] of pressed) {
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    }
    pressed.clear();
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter ?? form.querySelector("button[type=submit]");
    const busy = button?.dataset.busy ?? form.dataset.busy;
    if (!busy || event.defaultPrevented) return;
    const before = pressed.get(button);
    if (before && Date.now() < before.until) return event.preventDefault();
    pressed.set(button, { words: before?.words ?? button.textContent, until: Date.now() + ONCE_MS });
    button.setAttribute("aria-disabled", "true");
    button.textContent = busy;
  });
  window.addEventListener("pageshow", again);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") again(); // it stops what is loading
  });
})();

// What a page asked for and did not get is told in one sentence, until it is got. A part that keeps
// itself up to date tries again by itself; what somebody pressed waits to be pressed again. Who is
// signed out keeps what stands there.
(() => {
  "use strict";
  const line = document.getElementById("unreached");
  const troubles = new Map(); // words by the part that they are about
  const OLD = "What stands here may be old";
  const tell = () => {
    for (const part of troubles.keys()) if (!part.isConnected) troubles.delete(part);
    const words = [...troubles.values()].pop() ?? "";
    if (line.textContent !== words) line.textContent = words;
  };
  const byItself = (element) => (element.getAttribute("hx-trigger") ?? "").includes("every");
  // The scripts of these tell it where it belongs.
  const toldThere = (element) => element.closest("#reviewing, .again-question");
  const failed = (element, words) => {
    if (!byItself(element)) troubles.delete(element); // what was pressed last is told first
    troubles.set(element, words);
    for (const part of element.querySelectorAll("[data-unchecked]"))
      part.textContent = part.dataset.unchecked; // it says no more what does not hold
    tell();
  };
  // Our own failures come as a line with a sentence; what stands before the bot sends whole pages.
  const sentenceIn = (html) =>
    new DOMParser().parseFromString(html, "text/html").querySelector("body > .trouble:only-child")
      ?.textContent ?? "";
  const later = (element) =>
    element.getAttribute("hx-trigger") === "load" ? "Load the page again." : "Try again in a moment.";
  const unreached = (element) =>
    byItself(element)
      ? `The bot cannot be reached. ${OLD}; it is tried again.`
      : `The bot could not be reached. ${later(element)}`;
  const wordsFor = (element, xhr) => {
    const sentence = sentenceIn(xhr.response);
    if (sentence) return byItself(element) ? `${sentence} ${OLD}.` : sentence;
    if (xhr.status >= 502 && xhr.status <= 504) return unreached(element);
    const answered = `the server answered ${xhr.status}`;
    return byItself(element)
      ? `This page could not be brought up to date: ${answered}. ${OLD}.`
      : `That did not work: ${answered}. ${later(element)}`;
  };
  const signedOut = (xhr) =>
    xhr.status === 401 || new URL(xhr.responseURL).pathname.startsWith("/console/login");
  const WORDS = {
    "htmx:sendError": unreached,
    "htmx:timeout": unreached,
    "htmx:swapError": () => "What the bot answered cannot be shown. Load the page again.",
  };
  for (const [failure, words] of Object.entries(WORDS)) {
    document.body.addEventListener(failure, (event) => {
      const { elt } = event.detail.requestConfig;
      if (!toldThere(elt)) failed(elt, words(elt));
    });
  }
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const { elt } = requestConfig;
    if (signedOut(xhr)) {
      event.detail.shouldSwap = false;
      failed(elt, "You are signed out. Copy what you wrote, and load the page again.");
    } else if (xhr.status >= 400) {
      if (!toldThere(elt)) failed(elt, wordsFor(elt, xhr));
    } else {
      troubles.delete(elt);
      if (!byItself(elt))
        for (const part of troubles.keys()) if (!byItself(part)) troubles.delete(part);
      tell();
    }
  });
  // Pressed once more, it is told anew if it fails again.
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, triggeringEvent } = event.detail.requestConfig;
    if (triggeringEvent?.type === "submit" && troubles.delete(elt)) tell();
  });
})();
