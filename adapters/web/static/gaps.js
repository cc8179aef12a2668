// A question of a gap that could not be asked again says so, and offers to be asked once more.
(() => {
  "use strict";
  const line = (event) => event.target.closest?.(".again-question");
  const failed = (item, sentence) => {
    item.removeAttribute("aria-busy");
    item.querySelector(".tag").textContent = "Not asked again yet";
    const trouble = item.querySelector(".again-trouble");
    trouble.hidden = false;
    trouble.querySelector(".trouble").textContent = sentence;
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const item = line(event);
    if (!item) return;
    item.setAttribute("aria-busy", "true");
    item.querySelector(".tag").textContent = "Waiting";
  });
  document.addEventListener("htmx:responseError", (event) => {
    const item = line(event);
    if (!item) return;
    const { status } = event.detail.xhr;
    failed(item, `The question was not asked: the server answered ${status}. Ask it again.`);
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const item = line(event);
    if (!item || !event.detail.xhr.responseURL.includes("/console/login")) return;
    failed(item, "The question was not asked: you are signed out. Load the page again.");
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      const item = line(event);
      if (item) failed(item, "The bot cannot be reached. Ask the question again in a moment.");
    });
  }
})();
