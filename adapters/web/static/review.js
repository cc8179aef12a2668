// The review by keyboard, card after card without loading the page. Keys work on the card that has
// the focus; with ticks they are for all that is ticked. Where no card has it, a key of a verdict
// leads to the first one: nobody judges what they have not seen chosen.
(() => {
  "use strict";
  const room = document.querySelector("#reviewing");
  if (!room) return;
  const quick = room.hasAttribute("hx-vals");
  const bulk = document.querySelector("#bulk");
  const all = document.querySelector("#tick-all");
  const RENEW_MS = 45_000; // a card stays open for three minutes without a word
  const IDLE_MS = 900_000; // nobody keeps cards from others by going to lunch
  const cards = () => [...room.querySelectorAll(".reviewing > .card")];
  const current = () => cards().findIndex((card) => card.contains(document.activeElement));
  const ticks = () => [...room.querySelectorAll('.card input[name="item"]')];
  const ticked = () => ticks().filter((tick) => tick.checked);
  for (const hint of room.querySelectorAll(".keys, .ticks")) hint.hidden = false;

  const go = (index) => {
    const found = cards();
    const card = found[Math.max(0, Math.min(found.length - 1, index))];
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start", behavior: "auto" });
  };

  const count = () => {
    if (!bulk) return;
    const number = ticked().length;
    bulk.classList.toggle("some", number > 0);
    bulk.querySelector("#bulk-count").textContent = `${number} ticked:`;
    bulk.querySelector(".wrong").textContent = "";
    bulk.querySelector("#bulk-told").textContent = "";
    all.checked = number > 0 && number === ticks().length;
  };
  const tickAll = (on) => {
    for (const tick of ticks()) tick.checked = on;
    count();
  };

  const press = (card, key) => {
    const form = ticked().length ? bulk : card;
    const button = form?.querySelector(`button[data-key="${CSS.escape(key)}"]`);
    button?.click();
    return Boolean(button);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target;
    if (target.matches("textarea, select, input:not([type=checkbox])")) {
      if (event.key === "Escape") target.closest(".card")?.focus();
      return;
    }
    const at = current();
    const card = cards()[Math.max(0, at)];
    const undo = room.querySelector(".undone button");
    if (event.key === "j") go(at + 1);
    else if (event.key === "k") go(at - 1);
    else if (event.key === "u" && undo) undo.click();
    else if (event.key === "e" && card) card.querySelector("textarea")?.focus();
    else if (event.key === "x" && quick && card) card.querySelector('input[name="item"]')?.click();
    else if (event.key === "X" && quick) tickAll(ticked().length < ticks().length);
    else if (event.key === "Escape" && ticked().length) tickAll(false);
    else if (at < 0 && !ticked().length) {
      if (!card?.querySelector(`button[data-key="${CSS.escape(event.key)}"]`)) return;
      go(0);
    } else if (!press(card, event.key)) return;
    event.preventDefault();
  });
  // Where a verdict loads the page anew, the work goes on at the same place of the list.
  if (!quick) {
    const name = `place ${location.pathname}`;
    const [place, left] = JSON.parse(sessionStorage.getItem(name) ?? "[]");
    sessionStorage.removeItem(name);
    if (Date.now() - left < 30000) go(place); // who came back much later begins anew
    room.addEventListener("submit", () => {
      if (current() >= 0) sessionStorage.setItem(name, JSON.stringify([current(), Date.now()]));
    });
    return;
  }

  room.classList.add("quick");
  htmx.config.reportValidityOfForms = true;
  htmx.config.defaultSettleDelay = 0; // what came is ready for the next key at once
  count();
  all?.addEventListener("change", () => tickAll(all.checked));
  room.addEventListener("change", (event) => {
    if (event.target.name === "item") count();
  });
  // What somebody wrote belongs to one card: it is not lost in a verdict on many.
  const edited = (tick) =>
    [...tick.closest(".card").querySelectorAll("textarea")].some((t) => t.value !== t.defaultValue);
  bulk?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const number = ticked().filter(edited).length;
    if (number && (button.value === "approved" || button.value.startsWith("approved:"))) {
      event.preventDefault();
      bulk.querySelector(".wrong").textContent =
        `You edited ${number === 1 ? "one" : number} of them: approve that by itself, or untick it.`;
    }
  });

  // A verdict: where the work goes on, and one sentence where it did not work.
  const told = (element, sentence) => {
    const place = element.closest(".said, .bulk") ?? room;
    const line = place.querySelector(".wrong") ?? room.querySelector(":scope > .wrong");
    line.textContent = sentence;
  };
  const sentenceIn = (html) =>
    new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
  let place = null;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const element = requestConfig.elt;
    if (!room.contains(element)) return;
    if (new URL(xhr.responseURL).pathname.startsWith("/console/login")) {
      event.detail.shouldSwap = false;
      told(element, "You are signed out. Copy what you wrote, and load the page again.");
    } else if (xhr.status >= 400) {
      event.detail.shouldSwap = false;
      told(element, sentenceIn(xhr.response) || "That did not work; try again in a moment.");
    } else if (element.matches("form")) {
      const gone = xhr.response.match(/id="card-\w+" hx-swap-oob="delete"/g) ?? [];
      const first = cards().findIndex((c) => gone.some((id) => id.includes(`"${c.id}"`)));
      const card = element.closest(".card");
      place = card ? cards().indexOf(card) : element === bulk ? first : Math.max(0, current());
    }
  });
  // What two readers said of one answer comes back together: what still stands here stays as it is.
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    for (const card of event.detail.fragment.querySelectorAll(".card"))
      if (document.getElementById(card.id)) card.remove();
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(failure, (event) => {
      const element = event.detail.requestConfig.elt;
      if (room.contains(element))
        told(element, "The server cannot be reached. Nothing is lost: try again in a moment.");
    });
  }
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches(".judge, .verdicts, .undone form, .bulk"))
      told(event.detail.elt, "");
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const element = event.detail.requestConfig.elt;
    if (place === null || !element.matches("form")) return;
    const at = place;
    place = null;
    if (!room.querySelector(".said") || !room.querySelector("#cards")) return location.reload();
    const question = room.querySelector("#bulk-told button");
    if (question) return question.focus();
    const words = bulk?.querySelector("#bulk-told").textContent ?? "";
    const back = room.querySelector("[data-back]");
    if (element === bulk) {
      for (const tick of ticked()) tick.checked = false;
      count();
      told(room, "");
      room.querySelector("#bulk-words").textContent = words;
    }
    if (back) {
      for (const card of room.querySelectorAll("[data-back]")) card.removeAttribute("data-back");
      go(cards().indexOf(back));
    } else if (at >= 0) go(at);
  });

  // What is on the page stays open while somebody looks at it, and is free again afterwards.
  const form = (more) =>
    new URLSearchParams({ ...JSON.parse(room.getAttribute("hx-vals")), ...more });
  let seen = Date.now();
  const idle = () => Date.now() - seen > IDLE_MS;
  const keep = () => {
    if (document.visibilityState !== "visible" || idle()) return;
    const turns = [...room.querySelectorAll("[data-turn]")].map((card) => card.dataset.turn);
    htmx.ajax("POST", "/console/review/open", {
      source: room.querySelector("#elsewhere"),
      target: "#elsewhere",
      values: { csrf: room.dataset.csrf, turns: turns.join(" ") },
    });
  };
  for (const sign of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(
      sign,
      () => {
        const back = idle();
        seen = Date.now();
        if (back) keep();
      },
      { capture: true, passive: true },
    );
  }
  setInterval(keep, RENEW_MS);
  document.addEventListener("visibilitychange", keep);
  window.addEventListener("pageshow", (event) => event.persisted && keep());
  window.addEventListener("pagehide", () =>
    navigator.sendBeacon("/console/review/leave", form({ csrf: room.dataset.csrf })),
  );
})();
