// The page: files in, one request each, rows and a card out. All that is shown comes from the server's records.

import {Server} from "./api.js";
import {cardOf} from "./card.js";
import {drawCharts} from "./charts.js";
import {byId, element} from "./dom.js";
import {save, saveCsv, saveJson} from "./export.js";
import {bytes, keep, kept, list, number, preferredLanguage, setLanguage, t} from "./i18n.js";
import {listen} from "./intake.js";
import {isPlain, listenForOrder, shownOf, tellFilters} from "./listing.js";
import {giveBack} from "./restore.js";
import {fillRow} from "./table.js";

const AT_ONCE = 4;       // requests on their way
const MOST_THUMBS = 500; // beyond, rows have no picture: each is an image that the browser decodes
const HIGHEST = 0.4;     // of the window's height: a row that is opened below scrolls up, so that its card is seen
const BESIDE = matchMedia("(min-width: 68rem)");  // the card stands beside the list, else below its row

const entries = [];
const waiting = [];
let running = 0;
let opened = null;
let limits = null;
let cleared = 0;
let drawn = null;  // the next frame, in which the list is drawn anew

const card = byId("card");
const cardRow = element("tr", {className: "card-row"}, element("td", {colSpan: 5}));
const server = new Server(askToken);

function add(files) {
  for (const {file, name} of files) {
    const entry = {file, name, state: "waiting", row: element("tr")};
    if (entries.length < MOST_THUMBS) entry.thumb = pictureOf(entry);
    entries.push(entry);
    waiting.push(entry);
    fillRow(entry);
  }
  if (entries.length) {
    byId("work").hidden = false;
    byId("intake").classList.add("slim");
  }
  drawList();
  tellProgress();
  while (running < AT_ONCE && waiting.length) work();
}

/** The rows that are shown, in order, with the card below its row where it does not stand beside the list. */
function drawList() {
  const focused = document.activeElement;
  const shown = shownOf(entries);
  if (opened && !BESIDE.matches && !shown.includes(opened)) closeCard();
  tellFilters(entries, shown);
  const rows = shown.map(({row}) => row);
  if (!rows.length && entries.length) rows.push(element("tr", {}, element("td", {colSpan: 5, className: "quiet"}, t("filter.none"))));
  placeCard(rows);
  byId("rows").replaceChildren(...rows);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({preventScroll: true});
  drawCharts();
}

function placeCard(rows) {
  if (BESIDE.matches || !opened) {
    if (card.parentElement !== byId("work")) byId("work").append(card);
    return;
  }
  if (card.parentElement !== cardRow.firstChild) cardRow.firstChild.append(card);
  rows.splice(rows.indexOf(opened.row) + 1, 0, cardRow);
}

/** Draw the list anew, once for all that changes until the next frame. */
function drawListSoon() {
  drawn ??= requestAnimationFrame(() => {
    drawn = null;
    drawList();
  });
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
    fillRow(entry);
    await look(entry);
    if (round !== cleared) {  // its row is gone; what was added since waits for this turn
      round = cleared;
      continue;
    }
    fillRow(entry);
    tellProgress();
    if (isPlain()) tellFilters(entries, entries);
    else drawListSoon();
    openFirst();
    if (opened === entry) show();
  }
  running--;
}

/** The image whose card opens by itself once it is looked at: the first; below a row only if there is no other. */
function firstToOpen() {
  if (opened || (!BESIDE.matches && entries.length > 1)) return undefined;
  return entries.find((entry) => entry.record || entry.state !== "done");
}

function openFirst() {
  const first = firstToOpen();
  if (first?.record) open(first, false);
}

async function look(entry) {
  try {
    if (limits && entry.file.size > limits.max_body) throw Object.assign(new Error(), {code: "body_too_large"});
    if (entry === firstToOpen()) takeExplanation(entry, await server.explain(entry.file, entry.name));
    else entry.record = await server.inspect(entry.file, entry.name);
  } catch (refusal) {
    entry.failure = refusal;
    entry.record = refusal.record ?? null;
  }
  entry.state = "done";
}

/** A card that opens by itself is asked for with its record: one look for both. */
function takeExplanation(entry, {record, evidence}) {
  Object.assign(entry, {record, evidence, unexplained: evidence === null});
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
  unmark();
  opened = entry;
  entry.button.setAttribute("aria-current", "true");
  entry.row.classList.add("current");
  card.hidden = false;
  byId("work").classList.add("with-card");
  const {top} = entry.row.getBoundingClientRect();
  drawList();
  show();
  if (asked) {
    if (!BESIDE.matches) keepInView(entry.row, top);
    byId("card-title").focus({preventScroll: true});
  }
  if (entry.record && !entry.evidence && !entry.explaining && (asked || !entry.unexplained)) explain(entry);
}

function unmark() {
  opened?.button.removeAttribute("aria-current");
  opened?.row.classList.remove("current");
}

/** The row stays where it was tapped, though a card above it may have closed; it goes up if its card would be unseen. */
function keepInView(row, top) {
  const wanted = Math.max(0, Math.min(top, HIGHEST * innerHeight));
  scrollBy({top: row.getBoundingClientRect().top - wanted, behavior: "instant"});
}

function closeCard() {
  unmark();
  opened = null;
  card.hidden = true;
  card.replaceChildren();
  byId("work").classList.remove("with-card");
}

/** Close the card that stands below its row. */
function close() {
  const {row, button} = opened;
  const {top} = row.getBoundingClientRect();
  closeCard();
  drawList();
  keepInView(row, top);
  button.focus({preventScroll: true});
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
  const told = {back, savePicture: () => savePicture(entry), giveBack: restore, limit: limits && bytes(limits.max_body)};
  card.replaceChildren(...cardOf(entry, told));
  if (focused === "card-title") byId("card-title").focus({preventScroll: true});
  drawCharts();
}

function back() {
  if (!BESIDE.matches) return close();
  opened.button.focus();
  opened.row.scrollIntoView({block: "nearest"});
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
  closeCard();
  byId("filters").reset();
  drawList();
  byId("work").hidden = true;
  byId("intake").classList.remove("slim");
  byId("choose-files").focus();
}

const records = () => shownOf(entries).map((entry) => entry.record).filter(Boolean);

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
  byId("formats").textContent = limits ? t("drop.formats", {formats: list(limits.formats), size: bytes(limits.max_body)}) : "";
}

async function speak(name) {
  await setLanguage(name);
  byId("language").value = name;
  tellPlace();
  tellProgress();
  for (const entry of entries) fillRow(entry);
  drawList();
  if (opened) show();
}

function paint(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  byId("theme").setAttribute("aria-pressed", String(dark));
  if (opened) show();
  return dark;
}

/** A click anywhere in a row opens its card; on the row of a card below, it closes it. */
function listenForRows() {
  byId("rows").addEventListener("click", ({target}) => {
    const row = target.closest("tr");
    const entry = entries.find((one) => one.row === row);
    if (!entry) return;
    if (entry === opened && !BESIDE.matches) close();
    else open(entry);
  });
  BESIDE.addEventListener("change", drawList);
  listenForOrder(drawList);
}

function listenForKeys() {
  byId("rows").addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    const shown = step ? shownOf(entries) : [];
    const at = shown.findIndex((entry) => entry.button === event.target);
    if (at < 0) return;
    event.preventDefault();
    shown[at + step]?.button.focus();
  });
  card.addEventListener("keydown", (event) => { if (event.key === "Escape") back(); });
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
  listenForRows();
  listenForKeys();
  await speak(preferredLanguage());
  listen(add, () => limits?.suffixes ?? []);
  document.documentElement.dataset.ready = "true";
  limits = await server.limits().catch(() => null);
  if (limits) byId("files").accept = ["image/*", ...limits.suffixes].join();
  tellPlace();
}

begin();
