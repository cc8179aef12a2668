// The last uploads are loaded again and again: they stay open or closed as they were made.
(() => {
  "use strict";
  let open = null;
  document.addEventListener("click", (event) => {
    const details = event.target.closest?.("summary")?.parentElement;
    if (details?.id === "last-uploads") open = !details.open;
  });
  document.addEventListener("upload-sent", () => {
    open = null; // what becomes of it is to be seen
  });
  document.addEventListener("htmx:load", (event) => {
    if (event.target.id !== "uploads" || open === null) return;
    const details = document.getElementById("last-uploads");
    if (details) details.open = open;
  });
})();

// Documents brought in: dropped or chosen, one after the other, each with how far it is.
// Without this script the form is sent as a whole.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const way = document.getElementById("upload-way");
  const wrong = document.getElementById("upload-wrong");
  const told = document.getElementById("upload-told");
  const limit = Number(form.dataset.limit);
  const formats = form.dataset.formats.split(" ");
  const waiting = [];
  let busy = false;

  form.querySelector(".upload-drop").hidden = false;
  input.required = false; // what was dropped is not in it

  const complain = (sentence) => {
    wrong.textContent = sentence;
    wrong.hidden = !sentence;
  };
  const readers = () =>
    [...form.querySelectorAll("input[name=readers]:checked")].map((box) => box.value);
  // What the server would say as well, said before the bytes are sent.
  const problem = (file) => {
    const ending = /\.[^.]+$/.exec(file.name)?.[0].toLowerCase() ?? "";
    if (!formats.includes(ending)) {
      const what = ending ? `A file that ends in ${ending}` : "A file without an ending";
      return `${what} is not read; choose one of ${formats.join(", ")}.`;
    }
    if (!file.size) return "It is empty.";
    if (file.size > limit) return `It is larger than ${limit / 1e6} MB; split it.`;
    return "";
  };

  const row = (file) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Uploading ${file.name}`);
    words.className = "muted";
    words.textContent = "Waits to be uploaded.";
    item.append(name, bar, words);
    way.append(item);
    way.hidden = false;
    return { item, bar, words };
  };
  const refused = (shown, file, sentence) => {
    shown.bar.remove();
    shown.words.className = "upload-failed";
    shown.words.textContent = sentence;
    told.textContent = `${file.name}: ${sentence}`;
  };
  const refresh = () => {
    document.dispatchEvent(new Event("upload-sent"));
    return window.htmx.ajax("GET", "/console/knowledge/uploads", {
      target: "#uploads",
      swap: "outerHTML settle:0ms",
    });
  };

  // What stands between the browser and the bot answered: its words are not ours.
  const underway = (request) => {
    if (request.responseURL.includes("/console/login")) {
      return "You are signed out; load the page again.";
    }
    if (request.status === 413) {
      return "It was refused on the way (413): a proxy before the bot takes smaller files only.";
    }
    return `It was refused on the way (${request.status}); upload it again in a while.`;
  };

  const send = (file, shown, groups) =>
    new Promise((done) => {
      const body = new FormData(); // the fields come before the file: they are checked first
      body.append("csrf", form.querySelector("input[name=csrf]").value);
      for (const group of groups) body.append("readers", group);
      body.append("files", file);
      const request = new XMLHttpRequest();
      request.open("POST", form.getAttribute("action"));
      request.setRequestHeader("accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        shown.bar.value = event.loaded / event.total;
        shown.words.textContent = `${Math.floor((100 * event.loaded) / event.total)} % uploaded`;
      });
      request.addEventListener("load", () => {
        const answer = request.response;
        if (request.status === 202 && answer?.taken?.length) {
          shown.item.remove();
          way.hidden = !way.children.length;
          told.textContent = `${file.name} is uploaded and waits to be read.`;
        } else {
          refused(
            shown,
            file,
            answer?.refused?.[0]?.error ?? answer?.error ?? underway(request),
          );
        }
        done();
      });
      request.addEventListener("error", () => {
        refused(shown, file, "The connection ended before it was up; upload it again.");
        done();
      });
      request.send(body);
    });

  const work = async () => {
    if (busy) return;
    busy = true;
    while (waiting.length) {
      const { file, shown, groups } = waiting.shift();
      await send(file, shown, groups);
      refresh();
    }
    busy = false;
  };

  let dropped = [];
  const begin = () => {
    const files = [...dropped, ...input.files];
    if (!files.length) return complain("Choose a file to upload.");
    const groups = readers();
    if (!groups.length) {
      const wait = files.length === 1 ? "One file waits" : `${files.length} files wait`;
      return complain(`${wait}: choose who may read them, then press Upload.`);
    }
    if (groups.includes("everybody") && groups.length > 1) {
      return complain("Choose everybody, or some groups; not both.");
    }
    complain("");
    dropped = [];
    input.value = "";
    for (const item of [...way.children]) if (!item.querySelector("progress")) item.remove();
    for (const file of files) {
      const shown = row(file);
      const why = problem(file);
      if (why) refused(shown, file, why);
      else waiting.push({ file, shown, groups });
    }
    work();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });

  // Dropped anywhere on the page, so that nothing is opened in its place by mistake.
  const brings = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  document.addEventListener("dragenter", (event) => {
    if (!brings(event)) return;
    inside += 1;
    form.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!brings(event)) return;
    inside = Math.max(0, inside - 1);
    if (!inside) form.classList.remove("over");
  });
  document.addEventListener("dragover", (event) => {
    if (brings(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    inside = 0;
    form.classList.remove("over");
    const folders = [...event.dataTransfer.items].filter(
      (item) => item.webkitGetAsEntry?.()?.isDirectory,
    );
    if (folders.length) return complain("A folder cannot be uploaded; drop the files in it.");
    dropped = [...dropped, ...event.dataTransfer.files]; // what was dropped before waits still
    begin();
  });
})();
