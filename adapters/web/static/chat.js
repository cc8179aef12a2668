// The conversation as it streams. Without this script the forms work by themselves.
(() => {
  "use strict";
  const form = document.getElementById("ask");
  const field = document.getElementById("question");
  const send = form.querySelector(".send");
  const log = document.getElementById("log");
  const status = document.getElementById("status");
  const dialog = document.getElementById("source");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const bot = document.querySelector(".brand").textContent.trim();
  let busy = false;

  const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
  const setBusy = (value) => {
    busy = value;
    send.setAttribute("aria-disabled", String(value));
  };

  // -- a question and its answer ----------------------------------------------------------

  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value;
      let end;
      while ((end = buffer.indexOf("\n\n")) >= 0) {
        const lines = buffer.slice(0, end).split("\n");
        buffer = buffer.slice(end + 2);
        const event = { name: "message", data: "" };
        for (const line of lines) {
          if (line.startsWith("event: ")) event.name = line.slice(7);
          if (line.startsWith("data: ")) event.data += line.slice(6);
        }
        yield { name: event.name, data: JSON.parse(event.data) };
      }
    }
  }

  async function ask(question) {
    if (busy || !question.trim()) return;
    setBusy(true);
    document.getElementById("welcome")?.remove();
    document.getElementById("new").hidden = false;
    const article = copy("pending");
    article.querySelector(".asked .words").textContent = question;
    log.querySelector(".current")?.classList.remove("current");
    log.append(article);
    article.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
    status.textContent = `${bot} is reading the documentation.`;
    const reply = article.querySelector(".reply");
    try {
      const response = await fetch("/ask", {
        method: "POST",
        headers: { accept: "text/event-stream" },
        body: new URLSearchParams({ question, conversation: form.elements.conversation.value }),
      });
      if (!response.ok) throw new Told((await response.json()).error);
      await follow(response, article, reply);
    } catch (error) {
      fail(article, reply, question, error instanceof Told
        ? error.message
        : `${bot} could not be reached. Check your connection and try again.`);
    }
    article.removeAttribute("aria-busy");
    status.textContent = "";
    setBusy(false);
  }

  class Told extends Error {}

  async function follow(response, article, reply) {
    const live = reply.querySelector(".live");
    for await (const { name, data } of events(response)) {
      if (name === "piece") {
        reply.querySelector(".thinking")?.remove();
        live.innerHTML = data.html; // made safe on the server
      } else if (name === "error") {
        throw new Told(data.error);
      } else if (name === "answer") {
        article.id = `turn-${data.turn}`;
        reply.innerHTML = data.html;
        htmx.process(reply);
        return;
      }
    }
    throw new Error("the stream ended early");
  }

  function fail(article, reply, question, sentence) {
    const trouble = copy("failed");
    trouble.querySelector("p").textContent = sentence;
    trouble.querySelector("button").addEventListener("click", () => {
      article.remove();
      field.focus();
      ask(question);
    });
    reply.replaceChildren(trouble);
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-ask]")) return;
    event.preventDefault();
    const suggestion = event.submitter?.value;
    const question = suggestion || field.value;
    if (busy || !question.trim()) return;
    if (!suggestion) {
      field.value = "";
      grow();
    }
    field.focus();
    ask(question);
  });

  // -- the field ---------------------------------------------------------------------------

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (field.value.trim()) form.requestSubmit();
  });

  // -- sources -----------------------------------------------------------------------------

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-source]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const response = await fetch(link.href, { headers: { "hx-request": "true" } });
      if (!response.ok) throw new Error(String(response.status));
      document.getElementById("source-body").innerHTML = await response.text();
    } catch {
      location.href = link.href; // the page says what is wrong
      return;
    }
    dialog.showModal();
    const passage = dialog.querySelector(".passage");
    const mark = passage?.querySelector("mark");
    if (mark) passage.scrollTop = mark.offsetTop - passage.offsetTop - 48;
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  // -- ratings -----------------------------------------------------------------------------

  document.body.addEventListener("htmx:afterSettle", (event) => {
    const rating = event.detail.elt.closest?.(".rating");
    if (!rating) return;
    const has = document.activeElement;
    const elsewhere = has?.matches("textarea, input") && !rating.contains(has);
    if (!elsewhere) { // who types the next question by the time a thumb is kept goes on typing
      const next = rating.querySelector("[data-next]") ?? rating.querySelector("[aria-pressed=true]");
      next?.focus({ preventScroll: true });
    }
    // The rating itself has no box: what follows the thumbs must be seen whole.
    rating.lastElementChild.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".improve textarea")) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault(); // as in the field for questions
    event.target.form.requestSubmit();
  });

  const notKept = (event) => {
    const rating = event.detail.elt.closest(".rating");
    if (!rating) return;
    rating.querySelector(".unkept")?.remove();
    const line = document.createElement("p");
    line.className = "thanks unkept";
    line.setAttribute("role", "alert");
    line.textContent = "That could not be kept. Try again in a moment.";
    rating.append(line);
  };
  document.body.addEventListener("htmx:sendError", notKept);
  document.body.addEventListener("htmx:responseError", notKept);

  if (!location.hash && log.lastElementChild) log.lastElementChild.scrollIntoView({ block: "start" });
})();
