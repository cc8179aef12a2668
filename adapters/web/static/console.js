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
  // On a phone the rooms are a row that scrolls: the one that is open is in sight.
  const open = document.querySelector(".rail nav [aria-current]");
  if (open) open.parentElement.scrollLeft = open.offsetLeft - (open.parentElement.clientWidth - open.offsetWidth) / 2;
  document.body.addEventListener("htmx:load", (event) => local(event.target));
})();
