// Maps of qualities over the image, drawn on a canvas in the image's own coordinates.

import {ofQuality, themed} from "./colors.js";
import {element} from "./dom.js";
import {interval, number, percent, sentences, t} from "./i18n.js";
import {stage} from "./stage.js";

const SHARPEST = 1600;  // pixels of the canvas' longer side

/** The figure of the last save's qualities, with the patches that were judged; null where no piece has one.
 * `isPart`: the pieces lie on the grid of a part of the image. */
export const mapFigure = ({map, patches}, record, picture, isPart) =>
  figure("map", {map, patches, blank: isPart ? "map.blank_part" : "map.blank"}, record, picture);

/** The figure of an earlier save's qualities; null where no piece has one. */
export const earlierFigure = (map, record, picture) => figure("earlier", {map, patches: [], blank: "earlier.blank"}, record, picture);

/** A figure: the image, a map of qualities, switches, the legend, and what this very map shows in words. */
function figure(title, drawn, record, picture) {
  const told = toldBy(drawn.map);
  if (!told.qualities.length) return null;
  const canvas = element("canvas", {role: "img", "aria-label": t(`${title}.alt`, told)});
  const scale = Math.min(1, SHARPEST / Math.max(record.width, record.height));
  canvas.width = Math.max(1, Math.round(record.width * scale));
  canvas.height = Math.max(1, Math.round(record.height * scale));
  const [shown, patches] = ["map.show", "map.patches"].map((key, i) => toggle(t(key), i === 0, () => draw()));
  const draw = () => paint(canvas, scale, drawn, shown.input.checked, patches.input.checked);
  const pointed = element("p", {className: "pointed quiet", "aria-hidden": "true"}, "\u00a0");
  canvas.addEventListener("pointermove", (event) => { pointed.textContent = wordsAt(event, canvas, scale, drawn.map) || "\u00a0"; });
  draw();
  const switches = drawn.patches.length ? [shown.label, patches.label] : [shown.label];
  return element("figure", {}, element("h3", {}, t(title)), stage(record, picture, canvas), pointed,
    element("div", {className: "under-map"}, legend(), element("div", {className: "toggles"}, switches)),
    element("figcaption", {className: "quiet"}, captionOf(title, drawn, told, record)));
}

function toggle(words, checked, change) {
  const input = element("input", {type: "checkbox", checked, on: {change}});
  return {input, label: element("label", {}, input, words)};
}

function legend() {
  return element("div", {className: "legend", "aria-hidden": "true"},
    element("span", {}, "1"), element("span", {className: "gradient"}), element("span", {}, "100"));
}

/** What a map holds: its qualities in order, their interval and median, how many pieces there are and how many are blank. */
function toldBy({quality, side}) {
  const all = quality.flat();
  const qualities = all.filter((value) => value !== null).sort((one, other) => one - other);
  return {
    qualities, side, rows: quality.length, columns: quality[0]?.length ?? 0, count: number(all.length),
    blank: number(all.length - qualities.length), median: qualities[qualities.length >> 1],
    interval: qualities.length ? interval(qualities[0], qualities.at(-1)) : "",
  };
}

function captionOf(title, {map, blank}, told, {width, height}) {
  const isCutOff = (width - map.x) % map.side > 0 || (height - map.y) % map.side > 0;
  return sentences(t(`${title}.note`, told), told.blank === "0" ? null : t(blank, told), isCutOff ? t("map.edge") : null, t("map.stored"));
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
