// The chat for websites: <script src="https://BOT/widget.js" data-token="PUBLIC" async></script>
// Text is set as text and elements are made one by one: nothing that was sent is ever read as HTML.
(() => {
  "use strict";
  const look = /*look*/ {};
  const script = document.currentScript;
  const token = script?.dataset.token ?? "";
  const bot = new URL(script?.src || location.href).origin;
  const complain = (words) => console.error(`${look.bot} widget: ${words}`);
  if (!token) return complain("the script needs a data-token attribute.");
  if (document.querySelector("[data-wellspoken-widget]")) return;

  const named = (words, n = "") => words.replace("{bot}", look.bot).replace("{n}", n);
  const tab = ` ${"(opens a new tab)"}`;
  const STORED = `wellspoken-${token}`;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const phone = matchMedia("(max-width: 30rem), (max-height: 26rem)");
  let session = "", known = false, busy = false;
  // A conversation that is left takes what is under way along: its answer is not waited for, and
  // what still comes of it is not shown in the next one.
  let age = 0, leaving = false, under = null;
  // Private windows and sandboxed frames may have no storage: the word is then this page's alone.
  const store = (word) => { session = word; try { sessionStorage.setItem(STORED, word); } catch { /* kept here */ } };
  try { session = sessionStorage.getItem(STORED) || ""; } catch { /* none */ }

  // -- elements ----------------------------------------------------------------------------

  const SVG = "http://www.w3.org/2000/svg";
  const PATHS = {
    chat: "M20 11.500a7.500 7.500 0 0 1-11 6.600L4 20l1.500-4.700A7.500 7.500 0 1 1 20 11.500Z",
    up: "M7 10v10H4.500A1.500 1.500 0 0 1 3 18.500V11.500A1.500 1.500 0 0 1 4.500 10H7Zm0 0 3.900-6.400A1.900 1.900 0 0 1 14.400 4.900L13.500 9H19a2 2 0 0 1 2 2.400l-1.300 6.900A2 2 0 0 1 17.700 20H7",
    down: "M17 14V4h2.500A1.500 1.500 0 0 1 21 5.500v7a1.500 1.500 0 0 1-1.500 1.500H17Zm0 0-3.900 6.400a1.900 1.900 0 0 1-3.500-1.300L10.500 15H5a2 2 0 0 1-2-2.400l1.300-6.900A2 2 0 0 1 6.300 4H17",
    send: "M12 19V5m0 0-6 6m6-6 6 6", close: "m6 6 12 12M18 6 6 18", new: "M12 5v14M5 12h14",
  };
  function make(name, given = {}, ...parts) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value != null) made.setAttribute(key, value);
    }
    made.append(...parts.filter((part) => part != null));
    return made;
  }
  function icon(name) {
    const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", PATHS[name]);
    svg.append(path);
    return svg;
  }
  const hidden = (words) => make("span", { class: "hidden" }, words);
  const outside = (uri) => /^https?:\/\//i.test(uri) ? { href: uri, target: "_blank", rel: "noopener noreferrer" } : {};

  const ALLOWED = new Set("p h3 h4 h5 h6 ul ol li strong em s code pre blockquote hr br table thead tbody tr th td".split(" "));
  const CLASSES = { "align-right": "end", "align-center": "center" };
  function grow(parent, tree, marker) {
    for (const node of tree) {
      if (typeof node === "string") { parent.append(node); continue; }
      const [name, given, ...parts] = node;
      if (name === "cite") { parent.append(marker(given.n)); continue; }
      if (name === "a") { grow(parent.appendChild(make("a", outside(given.href))), parts, marker); continue; }
      if (!ALLOWED.has(name)) { grow(parent, parts, marker); continue; }
      const made = make(name, { class: CLASSES[given.class], start: Number(given.start) || null });
      if (name === "pre") made.tabIndex = 0;
      grow(made, parts, marker);
      parent.append(name === "table"
        ? make("div", { class: "table", role: "group", "aria-label": "Table", tabindex: 0 }, made) : made);
    }
  }

  // -- the server --------------------------------------------------------------------------

  class Told extends Error {}
  async function post(path, body, more = {}, signal = null) {
    let response;
    try {
      response = await fetch(`${bot}/api/widget/${path}`, {
        method: "POST", credentials: "omit", cache: "no-store", referrerPolicy: "origin",
        headers: { "content-type": "application/json", "x-widget-token": token, ...more },
        body: JSON.stringify(body), signal,
      });
    } catch (error) {
      if (navigator.onLine && !signal?.aborted) complain(`${bot} gave no answer to this page. Is ${location.origin} listed for this token under [widget] tokens, and does this page's Content-Security-Policy have connect-src ${bot}?`);
      throw error;
    }
    if (response.ok) return response;
    const told = (await response.json().catch(() => ({}))).error || "That did not work; try again in a moment.";
    if (response.status === 403) {
      complain(told);
      throw new Told("This chat is not set up for this website.");
    }
    throw Object.assign(new Told(told), { status: response.status });
  }
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      let end;
      while ((end = buffer.indexOf("\n\n")) >= 0) {
        const [name, data] = buffer.slice(0, end).split("\n");
        buffer = buffer.slice(end + 2);
        yield { name: name.slice(7), data: JSON.parse(data.slice(6)) };
      }
    }
  }
  // One at a time: who asks before the first is through must not become two visitors.
  let visiting = null;
  function visit() {
    if (visiting?.anew === leaving) return visiting.turns;
    const before = visiting?.turns, anew = leaving;
    const mine = { anew, turns: (async () => {
      try {
        await before?.catch(() => {});
        const held = await (await post("session", { session: session || null, anew })).json();
        store(held.session);
        known = true;
        if (anew) leaving = false;
        return held.turns;
      } finally {
        if (visiting === mine) visiting = null;
      }
    })() };
    visiting = mine;
    return mine.turns;
  }
  const sentence = (error) => error instanceof Told ? error.message
    : navigator.onLine ? named("{bot} could not be reached. Try again in a moment.")
      : "You are offline. Your question can be sent again once you are back.";

  // -- the window --------------------------------------------------------------------------

  const host = make("div", { "data-wellspoken-widget": true, lang: look.language });
  const root = host.attachShadow({ mode: "open" }); // open: a shadow fences styles, it keeps no secret
  const sheet = new CSSStyleSheet(); // a page's style-src does not forbid it
  sheet.replaceSync(`/*style*/`);
  root.adoptedStyleSheets = [sheet];

  const launcher = make("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => toggle() }, icon("chat"), make("span", {}, look.title));
  const log = make("div", { class: "log", role: "region", "aria-label": "Conversation", tabindex: 0 });
  const status = make("p", { class: "hidden", role: "status" });
  const offline = make("p", { class: "note", role: "status" });
  const field = make("textarea", { id: "question", rows: 1, maxlength: 8000, placeholder: "Your question", autocomplete: "off", enterkeyhint: "send", dir: "auto", onkeydown: entered });
  const send = make("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
  const form = make("form", { onsubmit: submitted }, make("label", { class: "hidden", for: "question" }, "Your question"), field, send);
  const anew = make("button", { type: "button", class: "plain", "aria-label": "New conversation", title: "New conversation", onclick: again }, icon("new"));
  const dialog = make("dialog", { "aria-labelledby": "title", onkeydown: escaped, onclose: closed },
    make("header", {}, make("h2", { id: "title" }, look.title), anew,
      make("button", { type: "button", class: "plain", "aria-label": "Close", title: "Close", onclick: () => dialog.close() }, icon("close"))),
    log, offline, form, make("p", { class: "fine" }, "Every answer names its sources."), status);
  root.append(dialog, launcher);

  function toggle() {
    if (dialog.open) return dialog.close();
    if (phone.matches) dialog.showModal(); // it fills the screen: nothing behind it can be meant
    else dialog.show();
    launcher.setAttribute("aria-expanded", "true");
    host.toggleAttribute("data-open", true);
    field.focus();
    if (!known) begin();
  }
  function closed() {
    launcher.setAttribute("aria-expanded", "false");
    host.toggleAttribute("data-open", false);
    launcher.focus();
  }
  function escaped(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation(); // a page that closes something of its own is not meant
    dialog.close();
  }
  async function begin() {
    const mine = age;
    try {
      const turns = await visit();
      if (mine !== age) return;
      if (busy) return log.prepend(...turns.map(shown)); // a question was quicker
      log.replaceChildren(...(turns.length ? turns.map(shown) : [welcome()]));
      bottom();
    } catch (error) {
      if (mine !== age) return;
      if (!busy) log.replaceChildren(trouble(sentence(error), begin));
    }
    anew.hidden = !log.querySelector("article");
  }
  async function again() {
    age += 1;
    leaving = true;
    under?.abort();
    busy = false;
    online();
    log.replaceChildren();
    status.textContent = "";
    anew.hidden = true;
    field.focus();
    await begin();
  }
  function welcome() {
    const asked = (words) => make("li", {}, make("button", { type: "button", class: "chip", dir: "auto", onclick: () => { field.focus(); ask(words); } }, words));
    return make("div", { class: "welcome" }, make("p", { class: "greeting", dir: "auto" }, look.greeting),
      look.suggestions.length ? make("ul", { "aria-label": "You could ask" }, ...look.suggestions.map(asked)) : null);
  }
  const bottom = () => { log.scrollTop = log.scrollHeight; };
  // Within the log alone: the page behind must not move.
  const reach = (article) => log.scrollTo({ top: article.offsetTop - 16, behavior: calm.matches ? "auto" : "smooth" });
  function online() {
    offline.textContent = navigator.onLine ? "" : "You are offline.";
    send.setAttribute("aria-disabled", String(busy || !navigator.onLine));
  }
  for (const name of ["online", "offline"]) addEventListener(name, online);

  // -- a question and its answer -----------------------------------------------------------

  function entered(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }
  function submitted(event) {
    event.preventDefault();
    const question = field.value.trim();
    if (!question || busy || !navigator.onLine) return;
    field.value = "";
    ask(question);
  }
  const asked = (question) => make("h3", { class: "asked", dir: "auto" }, hidden("You asked: "), question);
  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function ask(question, same = key()) {
    if (busy) return;
    busy = true;
    const mine = age, way = under = new AbortController();
    online();
    for (const old of log.querySelectorAll(":scope > :not(article)")) old.remove();
    const prose = make("div", { class: "prose", dir: "auto" });
    const waiting = make("p", { class: "waiting" }, make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i")), "Reading the documents…");
    const reply = make("div", { class: "reply" }, waiting, prose);
    const article = make("article", { "aria-busy": "true" }, asked(question), reply);
    log.append(article);
    anew.hidden = false;
    reach(article);
    status.textContent = named("{bot} is reading the documents.");
    try {
      if (!known || !session || visiting || leaving) await visit();
      if (mine !== age) return;
      const turn = await follow(question, same, waiting, prose, way.signal);
      if (mine !== age) return;
      article.replaceWith(shown(turn));
      reach(log.lastElementChild);
      const told = log.lastElementChild.querySelector(".prose").textContent;
      status.textContent = named("{bot} answered: ") + told; // once, when it is whole
    } catch (error) {
      if (mine !== age) return;
      status.textContent = "";
      reply.replaceChildren(trouble(sentence(error), () => { article.remove(); field.focus(); ask(question, same); }));
    }
    article.removeAttribute("aria-busy");
    busy = false;
    online();
  }
  async function follow(question, same, waiting, prose, signal, retried = false) {
    let response;
    try {
      response = await post("ask", { session, question }, { "idempotency-key": same }, signal);
    } catch (error) {
      if (error.status !== 422 || retried || signal.aborted) throw error;
      const before = session; // perhaps the conversation is too old: then a new one is begun
      await visit();
      if (signal.aborted || session.split(".")[0] === before.split(".")[0]) throw error;
      return follow(question, same, waiting, prose, signal, true);
    }
    for await (const { name, data } of events(response)) {
      if (name === "piece") {
        waiting.remove();
        prose.replaceChildren();
        grow(prose, data.tree, (n) => make("sup", {}, String(n)));
      } else if (name === "error") {
        throw new Told(data.error);
      } else if (name === "answer") {
        return data;
      }
    }
    throw new Error("the stream ended early");
  }
  function trouble(words, retry) {
    return make("div", { class: "trouble", role: "alert" }, make("p", {}, words), make("button", { type: "button", class: "chip", onclick: retry }, "Try again"));
  }

  const VERDICTS = { abstained: "Not in the documents", handoff: "For a person", clarify: "One thing first" };
  function shown(turn) {
    const prose = make("div", { class: "prose", dir: "auto" });
    const sources = new Map(turn.sources.map((source) => [source.n, source]));
    const entries = new Map();
    const marker = (n) => {
      const source = sources.get(n);
      if (!source) return document.createTextNode("");
      const label = named("Source {n}: ", n) + source.title;
      if (source.uri) return make("sup", {}, make("a", { ...outside(source.uri), "aria-label": label + tab }, String(n)));
      const jump = () => { const entry = entries.get(n); entry.open = true; entry.firstElementChild.focus(); };
      return make("sup", {}, make("button", { type: "button", "aria-label": label, onclick: jump }, String(n)));
    };
    grow(prose, turn.tree, marker);
    const item = ({ n, title, uri, quote }) => {
      const number = make("span", { class: "n", "aria-hidden": "true" }, String(n));
      if (uri) return make("li", {}, make("a", { class: "source", ...outside(uri) }, number, hidden(named("Source {n}: ", n)), make("span", { dir: "auto" }, title), hidden(tab)));
      const entry = make("details", {}, make("summary", { class: "source" }, number, hidden(named("Source {n}: ", n)), make("span", { dir: "auto" }, title)), make("blockquote", { dir: "auto" }, quote));
      entries.set(n, entry);
      return make("li", {}, entry);
    };
    return make("article", {}, asked(turn.question), make("div", { class: `reply ${turn.outcome}` },
      VERDICTS[turn.outcome] ? make("p", { class: "verdict" }, VERDICTS[turn.outcome]) : null,
      hidden(named("{bot} answered: ")), prose,
      turn.person ? make("p", { class: "person" }, turn.person) : null,
      turn.sources.length ? make("h4", {}, "Sources") : null,
      turn.sources.length ? make("ul", { class: "sources" }, ...turn.sources.map(item)) : null,
      turn.kept ? rating(turn) : make("p", { class: "note" }, "This answer could not be stored, so it cannot be rated.")));
  }

  // -- thumbs ------------------------------------------------------------------------------

  function rating(turn) {
    let chosen = turn.rating;
    const said = make("p", { class: "note", role: "status" });
    const thumb = (name, label, title) => make("button", { type: "button", class: "plain", "aria-label": label, title, "aria-pressed": String(chosen === name), onclick: () => rate(name) }, icon(name));
    const thumbs = { up: thumb("up", "Thumbs up", "Good answer"), down: thumb("down", "Thumbs down", "Could be better") };
    const whole = make("div", { class: "rating" }, make("div", { class: "thumbs" }, thumbs.up, thumbs.down, said));
    async function keep(body, thanks) {
      try {
        await post("feedback", { session, turn: turn.turn, ...body });
      } catch (error) {
        said.textContent = error instanceof Told ? error.message : "That could not be kept. Try again in a moment.";
        return false;
      }
      chosen = body.rating;
      for (const [name, button] of Object.entries(thumbs)) button.setAttribute("aria-pressed", String(name === chosen));
      said.textContent = thanks;
      return true;
    }
    // Who types somewhere else by the time a thumb is kept goes on typing there.
    const typing = (element) => element?.matches("input, textarea, select, [contenteditable]") && !whole.contains(element);
    const stayed = () => !typing(root.activeElement) && (document.activeElement === host || !typing(document.activeElement));
    async function rate(name) {
      const wanted = chosen === name ? "none" : name;
      if (!(await keep({ rating: wanted }, wanted === "up" ? "Glad it helped." : ""))) return;
      const stays = stayed();
      whole.querySelector("form")?.remove();
      if (wanted === "down") {
        whole.append(improve());
        log.scrollTop += Math.max(0, whole.getBoundingClientRect().bottom - log.getBoundingClientRect().bottom + 16);
        if (stays) whole.querySelector("textarea").focus({ preventScroll: true });
      }
    }
    function improve() {
      const better = make("textarea", { rows: 3, maxlength: 20000, dir: "auto" });
      const reason = ([value, words]) => make("label", { class: "choice" }, make("input", { type: "radio", name: "reason", value }), words);
      return make("form", { class: "improve", async onsubmit(event) {
        event.preventDefault();
        const form = event.target, words = form.elements.reason.value || "";
        if (!(await keep({ rating: "down", reason: words, correction: better.value }, "Thank you. That goes to the people who look after this."))) return;
        const stays = stayed();
        form.remove();
        if (stays) thumbs.down.focus();
      } }, make("fieldset", {}, make("legend", {}, "What was wrong?"), ...look.reasons.map(reason)),
      make("label", { class: "better" }, "A better answer", better), make("button", { type: "submit", class: "solid" }, "Submit"));
    }
    return whole;
  }

  online();
  const mount = () => document.body.append(host);
  if (document.body) mount();
  else addEventListener("DOMContentLoaded", mount, { once: true });
})();
