// The page: files in, one request each, rows and a card out. All that is shown comes from the server's records.

import {Server} from "./api.js";
import {cardOf} from "./card.js";
import {drawCharts} from "./charts.js";
import {byId, element} from "./dom.js";
import {save, saveCsv, saveJson} from "./export.js";
import {bytes, keep, kept, number, preferredLanguage, setLanguage, t} from "./i18n.js";
import {listen} from "./intake.js";
import {giveBack} from "./restore.js";
import {fillRow} from "./table.js";

const AT_ONCE = 4;       // requests on their way
const MOST_THUMBS = 500; // beyond, rows have no picture: each is an image that the browser decodes

const entries = [];
const waiting = [];
let running = 0;
let opened = null;
let limits = null;
let cleared = 0;

const server = new Server(askToken);

function add(files) {
  for (const {file, name} of files) {
    const entry = {file, name, state: "waiting", row: element("tr")};
    if (entries.length < MOST_THUMBS) entry.thumb = pictureOf(entry);
    entries.push(entry);
    waiting.push(entry);
    fillRow(entry, open);
  }
  byId("rows").append(...files.map((_, i) => entries[entries.length - files.length + i].row));
  if (entries.length) {
    byId("work").hidden = false;
    byId("intake").classList.add("slim");
  }
  tellProgress();
  while (running < AT_ONCE && waiting.length) work();
}

function pictureOf(entry) {
  entry.address ??= URL.createObjectURL(entry.file);
  const error = ({target}) => {  // a format that the browser does not show
    entry.unshowable = true;
    target.remove();
  };
  return element("img", {src: entry.address, alt: "", loading: "lazy", decoding: "async", on: {error}});
}

async function work() {
  running++;
  let round = cleared;
  for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
    entry.state = "working";
    fillRow(entry, open);
    await look(entry);
    if (round !== cleared) {  // its row is gone; what was added since waits for this turn
      round = cleared;
      continue;
    }
    fillRow(entry, open);
    tellProgress();
    openFirst();
    if (opened === entry) show();
  }
  running--;
}

/** The card opens by itself for the first image of the list, once it is looked at. */
function openFirst() {
  const first = entries.find((entry) => entry.record || entry.state !== "done");
  if (!opened && first?.record) open(first, false);
}

async function look(entry) {
  try {
    if (limits && entry.file.size > limits.max_body) throw Object.assign(new Error(), {code: "body_too_large"});
    entry.record = await server.inspect(entry.file, entry.name);
  } catch (refusal) {
    entry.failure = refusal;
    entry.record = refusal.record ?? null;
  }
  entry.state = "done";
}

function tellProgress() {
  const done = entries.filter((entry) => entry.state === "done").length;
  const lost = entries.filter((entry) => entry.failure && !entry.record).length;
  const words = [t("progress", {done: number(done), total: number(entries.length)})];
  if (lost) words.push(t("progress.failed", {count: number(lost)}));
  byId("progress").max = Math.max(1, entries.length);
  byId("progress").value = done;
  byId("progress").hidden = done === entries.length;
  byId("progress-words").textContent = words.join("; ");
  for (const id of ["export-csv", "export-json"]) byId(id).disabled = !entries.some((entry) => entry.record);
}

function open(entry, asked = true) {
  opened?.button.removeAttribute("aria-current");
  opened?.row.classList.remove("current");
  opened = entry;
  entry.button.setAttribute("aria-current", "true");
  entry.row.classList.add("current");
  byId("card").hidden = false;
  byId("work").classList.add("with-card");
  show();
  if (asked) byId("card-title").focus({preventScroll: matchMedia("(min-width: 68rem)").matches});
  if (entry.record && !entry.evidence && !entry.explaining) explain(entry);
}

async function explain(entry) {
  entry.explaining = true;
  entry.unexplained = false;
  show();
  try {
    entry.evidence = (await server.explain(entry.file, entry.name)).evidence;
    entry.unexplained = entry.evidence === null;
  } catch (refusal) {
    entry.unexplained = !refusal.record;
  }
  entry.explaining = false;
  if (opened === entry) show();
}

function show() {
  const entry = opened;
  entry.picture ??= pictureOf(entry);
  const focused = document.activeElement?.id;
  const restore = limits?.restore ? () => giveBack(entry, server, () => { if (opened === entry) show(); }) : null;
  byId("card").replaceChildren(...cardOf(entry, {back, savePicture: () => savePicture(entry), giveBack: restore, limit: limits && bytes(limits.max_body)}));
  if (focused === "card-title") byId("card-title").focus({preventScroll: true});
  drawCharts();
}

function back() {
  opened.button.focus();
  opened.row.scrollIntoView({block: "center"});
}

async function savePicture(entry) {
  try {
    save(await server.plot(entry.file, entry.name), `${entry.name.split("/").at(-1)}.evidence.png`);
  } catch {
    entry.unexplained = true;
    show();
  }
}

function clear() {
  cleared++;
  waiting.length = 0;
  for (const entry of entries.splice(0)) if (entry.address) URL.revokeObjectURL(entry.address);
  opened = null;
  byId("rows").replaceChildren();
  byId("card").replaceChildren();
  byId("card").hidden = byId("work").hidden = true;
  byId("work").classList.remove("with-card");
  byId("intake").classList.remove("slim");
  drawCharts();
  byId("choose-files").focus();
}

const records = () => entries.map((entry) => entry.record).filter(Boolean);

function askToken(wrong) {
  byId("token-wrong").hidden = !wrong;
  byId("token-value").value = "";
  byId("token").showModal();
  return new Promise((done) => {
    byId("token-form").addEventListener("submit", () => done(byId("token-value").value), {once: true});
  });
}

function tellPlace() {
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  byId("privacy").textContent = t(local ? "privacy.local" : "privacy.remote", {host: location.host});
  byId("formats").textContent = limits ? t("drop.formats", {size: bytes(limits.max_body)}) : "";
}

async function speak(name) {
  await setLanguage(name);
  byId("language").value = name;
  tellPlace();
  tellProgress();
  for (const entry of entries) fillRow(entry, open);
  if (opened) show();
}

function paint(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  byId("theme").setAttribute("aria-pressed", String(dark));
  if (opened) show();
  return dark;
}

function listenForKeys() {
  byId("rows").addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    const at = entries.findIndex((entry) => entry.button === event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    entries[at + step]?.button.focus();
  });
  byId("card").addEventListener("keydown", (event) => { if (event.key === "Escape") back(); });
  byId("token").addEventListener("cancel", (event) => event.preventDefault());
}

async function begin() {
  paint(kept("jpegqf.theme"));
  byId("theme").addEventListener("click", () => {
    const theme = byId("theme").getAttribute("aria-pressed") === "true" ? "light" : "dark";
    keep("jpegqf.theme", theme);
    paint(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(kept("jpegqf.theme")));
  byId("language").addEventListener("change", ({target}) => { keep("jpegqf.language", target.value); speak(target.value); });
  byId("export-csv").addEventListener("click", () => saveCsv(records()));
  byId("export-json").addEventListener("click", () => saveJson(records()));
  byId("clear").addEventListener("click", clear);
  listenForKeys();
  await speak(preferredLanguage());
  listen(add, () => limits?.suffixes ?? []);
  document.documentElement.dataset.ready = "true";
  limits = await server.limits().catch(() => null);
  tellPlace();
}

begin();
