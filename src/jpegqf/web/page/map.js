// The map of qualities over the image, drawn on a canvas in the image's own coordinates.

import {ofQuality, themed} from "./colors.js";
import {element} from "./dom.js";
import {percent, t} from "./i18n.js";

const SHARPEST = 1600;  // pixels of the canvas' longer side

/** A figure: the image, the map, switches, the legend. */
export function mapFigure(pixels, record, picture) {
  const canvas = element("canvas", {role: "img", "aria-label": altOf(pixels.map)});
  const scale = Math.min(1, SHARPEST / Math.max(record.width, record.height));
  canvas.width = Math.max(1, Math.round(record.width * scale));
  canvas.height = Math.max(1, Math.round(record.height * scale));
  const [shown, patches] = ["map.show", "map.patches"].map((key, i) => toggle(t(key), i === 0, () => draw()));
  const draw = () => paint(canvas, scale, pixels, shown.input.checked, patches.input.checked);
  const told = element("p", {className: "told quiet", "aria-hidden": "true"}, "\u00a0");
  canvas.addEventListener("pointermove", (event) => { told.textContent = wordsAt(event, canvas, scale, pixels.map) || "\u00a0"; });
  draw();
  const image = picture.cloneNode();
  image.addEventListener("error", () => image.remove());
  const stage = element("div", {className: "stage", style: {"aspect-ratio": `${record.width} / ${record.height}`, "max-width": `min(100%, ${(26 * record.width) / record.height}rem)`}}, image, canvas);
  const switches = pixels.patches.length ? [shown.label, patches.label] : [shown.label];
  return element("figure", {}, element("h3", {}, t("map")), stage, told, legend(),
    element("div", {className: "toggles"}, switches),
    element("figcaption", {className: "quiet"}, t("map.note", {side: pixels.map.side})));
}

function toggle(words, checked, change) {
  const input = element("input", {type: "checkbox", checked, on: {change}});
  return {input, label: element("label", {}, input, words)};
}

function legend() {
  return element("div", {className: "legend", "aria-hidden": "true"},
    element("span", {}, "1"), element("span", {className: "gradient"}), element("span", {}, "100"));
}

function altOf({quality}) {
  const told = quality.flat().filter((value) => value !== null).sort((one, other) => one - other);
  const places = {rows: quality.length, columns: quality[0]?.length ?? 0};
  if (!told.length) return t("map.alt_blank", places);
  return t("map.alt", {...places, median: told[told.length >> 1], low: told[0], high: told.at(-1), blank: quality.flat().length - told.length});
}

function paint(canvas, scale, pixels, withMap, withPatches) {
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, canvas.width / scale, canvas.height / scale);
  const {x, y, side, quality} = pixels.map;
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
    for (const patch of pixels.patches) pen.strokeRect(patch.x, patch.y, patch.side, patch.side);
  }
}

function wordsAt(event, canvas, scale, {x, y, side, quality, confidence}) {
  const box = canvas.getBoundingClientRect();
  const across = Math.floor((((event.clientX - box.left) / box.width) * canvas.width / scale - x) / side);
  const down = Math.floor((((event.clientY - box.top) / box.height) * canvas.height / scale - y) / side);
  const value = quality[down]?.[across];
  return value === undefined || value === null ? "" : `${value} (${percent(confidence[down][across])})`;
}
