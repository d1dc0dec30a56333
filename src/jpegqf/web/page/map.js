// Maps of qualities over the image, drawn on a canvas in the image's own coordinates.

import {ofQuality, themed} from "./colors.js";
import {element} from "./dom.js";
import {percent, t} from "./i18n.js";
import {stage} from "./stage.js";

const SHARPEST = 1600;  // pixels of the canvas' longer side

const WORDS = {
  map: {title: "map", note: "map.note", alt: "map.alt", blank: "map.alt_blank"},
  earlier: {title: "earlier", note: "earlier.note", alt: "earlier.alt", blank: "earlier.alt_blank"},
};

/** The figure of the last save's qualities, with the patches that were judged. */
export const mapFigure = ({map, patches}, record, picture) => figure(WORDS.map, {map, patches}, record, picture);

/** The figure of an earlier save's qualities. */
export const earlierFigure = (map, record, picture) => figure(WORDS.earlier, {map, patches: []}, record, picture);

/** A figure: the image, a map of qualities, switches, the legend. */
function figure(words, drawn, record, picture) {
  const canvas = element("canvas", {role: "img", "aria-label": altOf(words, drawn.map)});
  const scale = Math.min(1, SHARPEST / Math.max(record.width, record.height));
  canvas.width = Math.max(1, Math.round(record.width * scale));
  canvas.height = Math.max(1, Math.round(record.height * scale));
  const [shown, patches] = ["map.show", "map.patches"].map((key, i) => toggle(t(key), i === 0, () => draw()));
  const draw = () => paint(canvas, scale, drawn, shown.input.checked, patches.input.checked);
  const told = element("p", {className: "told quiet", "aria-hidden": "true"}, "\u00a0");
  canvas.addEventListener("pointermove", (event) => { told.textContent = wordsAt(event, canvas, scale, drawn.map) || "\u00a0"; });
  draw();
  const switches = drawn.patches.length ? [shown.label, patches.label] : [shown.label];
  return element("figure", {}, element("h3", {}, t(words.title)), stage(record, picture, canvas), told, legend(),
    element("div", {className: "toggles"}, switches),
    element("figcaption", {className: "quiet"}, t(words.note, {side: drawn.map.side})));
}

function toggle(words, checked, change) {
  const input = element("input", {type: "checkbox", checked, on: {change}});
  return {input, label: element("label", {}, input, words)};
}

function legend() {
  return element("div", {className: "legend", "aria-hidden": "true"},
    element("span", {}, "1"), element("span", {className: "gradient"}), element("span", {}, "100"));
}

function altOf(words, {quality}) {
  const told = quality.flat().filter((value) => value !== null).sort((one, other) => one - other);
  const places = {rows: quality.length, columns: quality[0]?.length ?? 0};
  if (!told.length) return t(words.blank, places);
  return t(words.alt, {...places, median: told[told.length >> 1], low: told[0], high: told.at(-1), blank: quality.flat().length - told.length});
}

function paint(canvas, scale, {map, patches}, withMap, withPatches) {
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, canvas.width / scale, canvas.height / scale);
  const {x, y, side, quality} = map;
  if (withMap) {
    quality.forEach((row, down) => row.forEach((value, across) => {
      if (value === null) return;
      pen.fillStyle = ofQuality(value, 0.55);
      pen.fillRect(x + across * side, y + down * side, side, side);
    }));
  }
  if (withPatches) {
    pen.strokeStyle = themed("comb");
    pen.lineWidth = 2 / scale;
    for (const patch of patches) pen.strokeRect(patch.x, patch.y, patch.side, patch.side);
  }
}

function wordsAt(event, canvas, scale, {x, y, side, quality, confidence}) {
  const box = canvas.getBoundingClientRect();
  const across = Math.floor((((event.clientX - box.left) / box.width) * canvas.width / scale - x) / side);
  const down = Math.floor((((event.clientY - box.top) / box.height) * canvas.height / scale - y) / side);
  const value = quality[down]?.[across];
  return value === undefined || value === null ? "" : `${value} (${percent(confidence[down][across])})`;
}
