// Files from drop, paste, choosers and folders -> a list of {file, name}.

import {byId} from "./dom.js";

const MOST_FILES = 20000;

/** Calls take(files) with each batch; suffixes() are those taken in folders. */
export function listen(take, suffixes) {
  const known = ({name}) => suffixes().some((suffix) => name.toLowerCase().endsWith(suffix));
  for (const [button, input] of [["choose-files", "files"], ["choose-folder", "folder"]]) {
    byId(button).addEventListener("click", () => byId(input).click());
    byId(input).addEventListener("change", ({target}) => {
      const files = [...target.files].map((file) => ({file, name: file.webkitRelativePath || file.name}));
      target.value = "";
      take(input === "folder" ? files.filter(known).slice(0, MOST_FILES) : files);
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) {
      event.preventDefault();
      take(files.map((file) => ({file, name: file.name || "pasted"})));
    }
  });
  listenForDrops(take, known);
  for (const button of document.querySelectorAll("button[data-sample]")) {
    button.addEventListener("click", async () => take([await sample(button.dataset.sample)]));
  }
}

/** One of the images that come with the page, for people without one at hand. */
async function sample(name) {
  const answer = await fetch(`/web/samples/${name}`);
  return {file: new File([await answer.blob()], name), name};
}

function listenForDrops(take, known) {
  const veil = byId("veil");
  let depth = 0;
  const show = (entered) => {
    depth = Math.max(0, depth + entered);
    veil.hidden = depth === 0;
  };
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => { if (holdsFiles(event)) show(1); });
  document.addEventListener("dragleave", (event) => { if (holdsFiles(event)) show(-1); });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    show(-Infinity);
    take(await dropped(event.dataTransfer, known));
  });
}

async function dropped(transfer, known) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({file, name: file.name}));
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) found.push(await fileOf(entry));
    else for await (const inside of walk(entry)) if (known(inside) && found.length < MOST_FILES) found.push(inside);
  }
  return found.filter(Boolean);
}

const fileOf = (entry) => new Promise((done) => {
  entry.file((file) => done({file, name: entry.fullPath.replace(/^\//, "") || file.name}), () => done(null));
});

async function* walk(folder) {
  const reader = folder.createReader();
  const next = () => new Promise((done) => reader.readEntries(done, () => done([])));
  for (let entries = await next(); entries.length; entries = await next()) {
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (entry.isDirectory) yield* walk(entry);
      else {
        const file = await fileOf(entry);
        if (file) yield file;
      }
    }
  }
}
