// Draws the report from its data, in the reader's language. Texts of the data are set as textContent or drawn on a canvas.
import {chart, density, histogram, redrawCharts, shares} from "./charts.js";
import {$, bars, element, legend, plainTable, sum} from "./elements.js";
import {listenToImages, readImages, showImages} from "./images.js";
import {
  images, list, meaning, number, percent, phraseOfCounted, preferredLanguage, say, sayAll, sentences, setLanguage, t, withCode,
} from "./language.js";
import {amount, ratio, sortable, text} from "./tables.js";

const data = JSON.parse($("data").textContent);
const GROUPS_DRAWN = 30, GROUPS_SHOWN = 25, CELLS_LISTED = 200, LINE_HEIGHT = 26;

function showHead() {
  document.title = $("headline").textContent = say(data.headline);
  $("lead").textContent = sayAll(data.lead);
  $("made").textContent = sentences(say(data.made), data.models.length ? t("models", {names: list(data.models)}) : "");
  $("notes").replaceChildren(...data.notes.map((note) => element("li", say(note))));
}

function showVerdicts() {
  bars("verdict-bars", data.verdicts.map(([code, count]) => ({
    label: t(`verdict.${code}`), code, words: t(`meaning.${code}`), count, alarm: (code === "resaved" || code === "composite") && count > 0,
  })), data.rows);
}

function showCauses() {
  const told = Object.fromEntries(data.statuses), failed = told.skipped + told.error;
  $("causes-caption").textContent = sentences(
    told.error ? t("causes.error", {images: images(told.error)}) : "", told.skipped ? t("causes.skipped", {images: images(told.skipped)}) : "",
    failed ? "" : t("causes.none"));
  bars("cause-bars", data.causes.map(([reason, status, count, messages, different]) => {
    const more = element("details"), rest = different - messages.length;
    more.append(element("summary", t("causes.messages")));
    for (const [words, times, path] of messages) {
      const said = words === null ? t("causes.no_message") : phraseOfCounted(words);
      more.append(element("p", t("causes.message", {n: number(times), words: said, path})));
    }
    if (rest > 0) more.append(element("p", t("causes.more", {n: number(rest)})));
    const label = reason === null ? t("causes.untold") : meaning("reason", reason);
    return {label, code: reason, words: withCode("status", status), count, more};
  }), data.rows);
  $("cause-bars").hidden = !data.causes.length;
}

// ---- quality

let view = "kinds";

function viewOf(name) {
  const found = data.quality, unknown = (entries) => images(sum(entries.map((entry) => entry.counts[0])));
  const inColors = (kind) => found[name].map((entry, i) =>
    ({counts: entry.counts, name: typeof entry.name === "string" ? withCode(kind, entry.name) : say(entry.name), color: `--c${i + 1}`}));
  if (name === "encoders") {
    return {series: inColors("encoder"), stack: true, caption: t("quality.caption.encoders", {unknown: unknown(found.encoders)})};
  }
  if (name === "formats") {
    return {series: inColors(""), stack: true, caption: t("quality.caption.formats", {unknown: unknown(found.formats)})};
  }
  return {
    series: [
      {name: t("quality.header"), counts: found.header, color: "--c1"},
      {name: t("quality.pixels"), counts: found.pixels, color: "--orange", line: true},
    ],
    caption: t("quality.caption.kinds", {header: images(found.header[0]), pixels: images(found.pixels[0])}),
  };
}

function showQuality() {
  const {series, stack, caption} = viewOf(view);
  const used = series.filter((entry) => sum(entry.counts.slice(1)));
  $("quality-caption").textContent = caption;
  legend("quality-legend", used.map((entry) => [`${entry.name}: ${number(sum(entry.counts.slice(1)))}`, entry.color, entry.line ? "line" : ""]));
  const rows = Array.from({length: 100}, (_, i) => [String(i + 1), ...used.map((entry) => entry.counts[i + 1])]).filter((row) => sum(row.slice(1)));
  plainTable("quality-table", t("quality.table"), [t("column.quality"), ...used.map((entry) => entry.name)], rows);
  chart("quality-chart", t("quality.alt", {caption}), (width) => histogram({series, stack}, width));
}

// ---- densities: header against pixels, first save against last

const fullest = (cells, at = 2) => [...cells].sort((a, b) => b[at] - a[at]).slice(0, CELLS_LISTED);
const ramp = (cells) => t("cell.ramp", {n: number(Math.max(...cells.map((cell) => cell[2])))});

function without(...ids) {
  for (const id of ids) $(id).closest("details, .chart, .legend, .scroll").hidden = true;
}

function showPairs() {
  const cells = data.pairs, dots = cells.filter((cell) => cell[3]);
  if (!cells.length) {
    $("pairs-caption").textContent = t("pairs.none");
    return without("pairs-chart", "pairs-legend", "pairs-table");
  }
  const both = sum(cells.map((cell) => cell[2])), resaved = sum(dots.map((cell) => cell[3]));
  const off = sum(cells.filter((cell) => cell[0] !== cell[1]).map((cell) => cell[2]));
  const caption = t("pairs.caption", {both: images(both), off: number(off), share: percent(off, both), resaved: number(resaved)});
  $("pairs-caption").textContent = caption;
  legend("pairs-legend", [[ramp(cells), "--blue", "ramp"], [t("pairs.dots"), "--orange", "dot"]]);
  const names = [t("pairs.x"), t("pairs.y")];
  chart("pairs-chart", t("pairs.alt", {caption}), (width) => density({cells, dots, names, ramp: "--blue"}, width));
  const listed = [...new Set([...fullest(cells), ...fullest(dots, 3)])];
  plainTable("pairs-table", t("pairs"), ["header", "pixels", "images", "resaved"].map((name) => t(`column.${name}`)),
    listed.map(([x, y, n, r]) => [String(x), String(y), n, r]));
}

function showFirsts() {
  const cells = data.firsts;
  if (!cells.length) {
    $("firsts-caption").textContent = t("firsts.none");
    return without("firsts-chart", "firsts-legend", "firsts-table");
  }
  const caption = t("firsts.caption", {images: images(sum(cells.map((cell) => cell[2])))});
  $("firsts-caption").textContent = caption;
  legend("firsts-legend", [[ramp(cells), "--orange", "ramp"]]);
  const names = [t("firsts.x"), t("firsts.y")];
  chart("firsts-chart", t("firsts.alt", {caption}), (width) => density({cells, dots: [], names, ramp: "--orange"}, width));
  plainTable("firsts-table", t("firsts"), ["last", "first", "images"].map((name) => t(`column.${name}`)),
    fullest(cells).map(([x, y, n]) => [String(x), String(y), n]));
}

// ---- groups

function showGroups() {
  const found = data.groups, by = say(found.by), bands = [...found.bands, t("band.none")];
  $("groups-title").textContent = t("groups", {by});
  if (found.heading) showDifference(found);
  const drawn = found.listed.filter((row) => row[4] !== null).slice(0, GROUPS_DRAWN).sort((a, b) => (b[2] ?? 101) - (a[2] ?? 101));
  const several = drawn.length > 1;
  $("groups-caption").textContent = sentences(
    t("groups.compared", {number: number(found.number), compared: number(found.compared), fewest: found.fewest}),
    found.full ? t("groups.full") : "", t(several ? "groups.lines" : "groups.alone"),
    several && found.compared > drawn.length ? t("groups.drawn", {n: drawn.length}) : "",
    found.below ? t("groups.below", {path: found.below}) : "");
  if (several) {
    $("groups-chart").style.height = `${drawn.length * LINE_HEIGHT + 64}px`;
    chart("groups-chart", t("groups.alt", {by}), (width) => shares(bands, drawn, width));
    legend("groups-legend", [[t("groups.ramp"), "--blue", "ramp"]]);
    plainTable("groups-bands", t("groups.bands", {by}), [by, ...bands], drawn.map((row) => [say(row[0]), ...row[5]]));
  } else without("groups-chart", "groups-legend", "groups-bands");
  const columns = [
    text(by, 0, {name: true, className: "name", value: (row) => say(row[0]), fill: (cell, row) => cell.append(element("bdi", say(row[0])))}),
    amount(t("column.group_images"), 1, {start: "descending", down: true}),
    amount(t("column.median"), 2),
    ratio(t("column.group_resaved"), (row) => row[3]), ratio(t("column.no_trace"), (row) => row[5].at(-1)),
    amount(t("column.apart"), 4, {down: true, fill: (cell, row) => { cell.textContent = row[4] === null ? "–" : percent(row[4], 1); }}),
  ];
  sortable($("groups-table"), {columns, rows: found.listed, size: GROUPS_SHOWN, more: $("groups-more"), empty: t("groups.empty_list")});
}

/** How much groups differ, in a notice, and under the headline where it is a warning. */
function showDifference({heading, effect, sentences: told}) {
  const alarm = effect !== "negligible", words = say(heading);
  $("groups-notice").hidden = false;
  $("groups-notice").classList.toggle("alarm", alarm);
  $("groups-heading").textContent = alarm ? `${t("warning")}${words}` : words;
  $("groups-sentences").replaceChildren(...told.map((sentence) => element("p", say(sentence))));
  if (!alarm) return;
  const link = element("a", words);
  link.href = "#groups";
  $("warning-line").replaceChildren(t("warning"), link, t("warning.end"), say(told[0]));
  $("warning-line").hidden = false;
}

// ---- the page

function speak(name) {
  setLanguage(name);
  $("language").value = name;
  tellTheme();
  showHead();
  showVerdicts();
  showCauses();
  showQuality();
  showPairs();
  showFirsts();
  showGroups();
  showImages(data);
}

const dark = matchMedia("(prefers-color-scheme: dark)"), root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

function tellTheme() {
  $("theme").textContent = t(isDark() ? "theme.light" : "theme.dark");
}

function paint() {
  tellTheme();
  redrawCharts();
}

function listen() {
  $("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    paint();
  });
  dark.addEventListener("change", paint);
  $("language").addEventListener("change", ({target}) => speak(target.value));
  for (const input of document.querySelectorAll("#quality-choice input")) {
    input.addEventListener("change", () => {
      view = input.value;
      showQuality();
    });
  }
  listenToImages();
}

readImages(data.table);
listen();
speak(preferredLanguage());
