// The table of images: sorting, filters, thumbnails that enlarge, and the paths of what the filters let through.
import {$, coded, element} from "./elements.js";
import {has, images, meaning, number, phrase, sentences, t, withCode} from "./language.js";
import {amount, forgetOrder, sortable, text} from "./tables.js";

const ROWS_SHOWN = 50;
const MOST_FOLDERS = 500;  // in the list of them
const FILTERS = ["text", "verdict", "status", "encoder", "folder", "low", "high"].map((name) => `filter-${name}`);
const SELECTS = {"filter-verdict": ["verdict", "verdict"], "filter-status": ["status", "status"], "filter-encoder": ["encoder", "encoder"]};
let entries = [], kept = [], show = () => {}, seen = null, drawn = null;

/** Rows of the data as objects; `state` is what is shown, sorted and filtered as the verdict. */
export function readImages({rows, thumbnails, folders}) {
  entries = rows.map((row, i) => {
    const [name, words, verdict, status, qf, header, pixels, first, encoder, format, size, exact, folder] = row;
    const state = status !== "ok" && verdict !== "resaved" ? `status.${status}` : `verdict.${verdict}`;
    return {name, words, verdict, status, state, qf, header, pixels, first, encoder, format, size, path: exact ?? name,
      folder: folders[folder], rank: i + 1, picture: thumbnails[i] || null};
  });
  kept = entries;
}

/** Draw table and filters; again in another language. */
export function showImages(data) {
  drawn = data;
  const {rows, table: {worst}} = data, all = entries.length === rows;
  $("images-caption").textContent = sentences(
    t(all ? "worst.all" : "worst.part", {images: images(rows), listed: number(entries.length), worst: number(worst)}), t("worst.order"),
    entries.length > worst && !all ? t("worst.drawn", {n: number(entries.length - worst)}) : "");
  for (const entry of entries) {
    entry.found = [entry.name, entry.words && phrase(entry.words), entry.words, entry.encoder, entry.format].join("\n").toLowerCase();
  }
  show = sortable($("images-table"), {columns: columns(), rows: kept, size: ROWS_SHOWN, more: $("images-more"), empty: t("image.none")});
  $("query-note").textContent = t("query.note", {listed: number(entries.length), images: images(rows)});
  fillChoices();
  filter();
}

function columns() {
  const made = [
    {title: t("column.rank"), right: true, className: "rank", start: "ascending", value: (row) => row.rank, fill: (cell, row) => { cell.textContent = number(row.rank); }},
    {title: t("column.image"), name: true, className: "name", value: (row) => row.name, fill: fillName},
    text(t("column.verdict"), "state", {className: "verdict", value: (row) => t(row.state), fill: (cell, row) => cell.append(stateOf(row))}),
    amount(t("column.answer"), "qf"), amount(t("column.of_header"), "header"), amount(t("column.of_pixels"), "pixels"),
    amount(t("column.first_save"), "first"),
    text(t("column.encoder"), "encoder", {fill: (cell, row) => cell.append(row.encoder ? coded(meaning("encoder", row.encoder), row.encoder) : "–")}),
    text(t("column.format"), "format"), text(t("column.size"), "size", {value: (row) => area(row.size)}),
  ];
  if (entries.some((entry) => entry.picture)) made.splice(1, 0, {title: t("column.thumbnail"), unseen: true, className: "picture", fill: fillPicture});
  return made;
}

const area = (size) => (size ? size.split(" × ").reduce((product, side) => product * Number(side), 1) : null);

function fillName(cell, row) {
  const cut = row.name.lastIndexOf("/") + 1;
  cell.append(element("bdi", row.name.slice(cut) || row.name));
  const state = stateOf(row);
  state.classList.add("under");
  cell.append(state);
  if (cut) cell.append(element("small", row.name.slice(0, cut)));
  if (row.words) cell.append(element("small", phrase(row.words)));
}

function stateOf({state}) {
  const code = state.split(".")[1];
  const words = coded(t(state), code);
  if (code === "resaved" || code === "composite") words.classList.add("alarm");
  else if (state.startsWith("status.")) words.classList.add("broken");
  return words;
}

function fillPicture(cell, row) {
  if (!row.picture) return;
  const picture = element("img"), button = element("button");
  picture.alt = "";
  picture.src = row.picture;
  button.type = "button";
  button.setAttribute("aria-label", t("image.enlarge", {name: row.name}));
  button.addEventListener("click", () => enlarge(row));
  button.append(picture);
  cell.append(button);
}

// ---- filters

function fillChoices() {
  for (const [id, [kind, field]] of Object.entries(SELECTS)) {
    const codes = [...new Set(entries.map((entry) => entry[field]).filter(Boolean))].sort();
    choices(id, codes.map((code) => [code, withCode(has(`${kind}.${code}`) ? kind : "", code)]));
  }
  choices("filter-folder", foldersOf(entries).slice(0, MOST_FOLDERS).map((folder) => [folder, folder]));
}

/** Folders, and those above them that hold more than one, in the order of the alphabet. */
function foldersOf(rows) {
  const direct = new Set(rows.map((row) => row.folder)), below = new Map();
  for (const folder of direct) {
    for (let cut = folder.lastIndexOf("/"); cut > 0; cut = folder.lastIndexOf("/", cut - 1)) {
      const above = folder.slice(0, cut);
      below.set(above, (below.get(above) ?? 0) + 1);
    }
  }
  for (const [above, n] of below) if (n > 1 && n < direct.size) direct.add(above);
  return [...direct].sort();
}

function choices(id, told) {
  const select = $(id), chosen = select.value;
  const options = [["", t("filter.all")], ...told].map(([value, words]) => {
    const option = element("option", words);
    option.value = value;
    return option;
  });
  select.replaceChildren(...options);
  select.value = chosen;
  select.closest("span").hidden = told.length < 2;
}

function wanted() {
  const [words, verdict, status, encoder, folder] = FILTERS.slice(0, 5).map((id) => $(id).value);
  return {words: words.trim(), verdict, status, encoder, folder, low: $("filter-low").valueAsNumber, high: $("filter-high").valueAsNumber};
}

function passes(entry, {words, verdict, status, encoder, folder, low, high}) {
  return (!words || entry.found.includes(words.toLowerCase())) && (!verdict || entry.verdict === verdict)
    && (!status || entry.status === status) && (!encoder || entry.encoder === encoder)
    && (!folder || entry.folder === folder || entry.folder.startsWith(`${folder}/`))
    && (Number.isNaN(low) || (entry.qf !== null && entry.qf >= low)) && (Number.isNaN(high) || (entry.qf !== null && entry.qf <= high));
}

function filter() {
  const asked = wanted();
  kept = entries.filter((entry) => passes(entry, asked));
  $("filter-count").textContent = kept.length === entries.length ? "" : t("filter.count", {n: number(kept.length), all: number(entries.length)});
  $("save-paths").textContent = t(kept.length === 1 ? "save.one" : "save", {n: number(kept.length)});
  $("save-paths").disabled = $("copy-paths").disabled = !kept.length;
  $("save-told").textContent = "";
  $("query").textContent = queryOf(asked);
  show(kept);
}

// ---- paths

/** Paths for `jpegqf scan @LIST`, one a line; those that hold a line break cannot be in such a list. */
function pathList() {
  const listed = kept.map(({path}) => path).filter((path) => !/[\r\n]/.test(path));
  return {lines: listed.map((path) => `${path}\n`).join(""), left: kept.length - listed.length};
}

/** UTF-8; a lone surrogate stands for a byte that is no UTF-8, as Python has it in file names. */
function bytesOf(lines) {
  const parts = lines.split(/([\udc80-\udcff])/u).map((part) =>
    (/^[\udc80-\udcff]$/u.test(part) ? new Uint8Array([part.charCodeAt(0) - 0xdc00]) : part));
  return new Blob(parts, {type: "text/plain"});
}

function tellSaved(left, words = "") {
  $("save-told").textContent = sentences(words, left ? t("save.left_out", {n: number(left)}) : "");
}

function savePaths() {
  const {lines, left} = pathList(), link = element("a");
  link.href = URL.createObjectURL(bytesOf(lines));
  link.download = "paths.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  tellSaved(left);
}

async function copyPaths() {
  const {lines, left} = pathList();
  try {
    await navigator.clipboard.writeText(lines);
    tellSaved(left, t("copy.done"));
  } catch {
    tellSaved(left, t("copy.failed"));
  }
}

const quoted = (value) => `'${value.replaceAll("'", "''")}'`;
const likeness = (value) => value.replace(/[\\%_]/g, "\\$&");

/** The same question to the results themselves, as SQL; a text is looked for in the path alone. */
function queryOf({words, verdict, status, encoder, folder, low, high}) {
  const conditions = [
    words && `lower(path) LIKE ${quoted(`%${likeness(words.toLowerCase())}%`)} ESCAPE '\\'`,
    verdict && `verdict = ${quoted(verdict)}`, status && `status = ${quoted(status)}`, encoder && `encoder = ${quoted(encoder)}`,
    folder && folder !== "." && `path LIKE ${quoted(`${likeness(folder)}${folder.endsWith("!") ? "" : "/"}%`)} ESCAPE '\\'`,
    Number.isNaN(low) ? "" : `qf >= ${low}`, Number.isNaN(high) ? "" : `qf <= ${high}`,
  ].filter(Boolean);
  return `SELECT path FROM records${conditions.length ? `\nWHERE ${conditions.join("\n  AND ")}` : ""};`;
}

// ---- an enlarged thumbnail

function enlarge(row) {
  seen = row;
  $("viewer-picture").src = row.picture;
  $("viewer-picture").alt = row.name;
  $("viewer-name").textContent = row.name;
  $("viewer-words").replaceChildren(stateOf(row), row.words ? ` · ${phrase(row.words)}` : "");
  if (!$("viewer").open) $("viewer").showModal();
}

/** The next picture in the direction, of those that the filters let through. */
function step(by) {
  const pictures = kept.filter((entry) => entry.picture);
  const next = pictures[pictures.indexOf(seen) + by];
  if (next) enlarge(next);
}

export function listenToImages() {
  for (const id of FILTERS) $(id).addEventListener("input", filter);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(() => {  // all rows, and the worst first again
    forgetOrder($("images-table"));
    showImages(drawn);
  }));
  $("save-paths").addEventListener("click", savePaths);
  $("copy-paths").addEventListener("click", copyPaths);
  $("viewer-close").addEventListener("click", () => $("viewer").close());
  $("viewer-previous").addEventListener("click", () => step(-1));
  $("viewer-next").addEventListener("click", () => step(1));
  $("viewer").addEventListener("keydown", ({key}) => { if (key === "ArrowLeft" || key === "ArrowRight") step(key === "ArrowLeft" ? -1 : 1); });
  $("viewer").addEventListener("click", ({target}) => { if (target === $("viewer")) $("viewer").close(); });
}
