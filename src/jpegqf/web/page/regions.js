// The parts of an image that were saved as JPEG: boxes over the picture, and a list in words.

import {element} from "./dom.js";
import {t} from "./i18n.js";
import {stage} from "./stage.js";
import {qualityWords} from "./table.js";

const ROOM = {x: 0.3, y: 0.1};  // of the picture's width and height: labels at corners that are nearer would cover each other
const FAR_RIGHT = 0.6;          // of its width: from there a label would not fit to the right of a corner

/** Whether an image is told by its parts: not one save all over. */
export const isMixture = ({verdict}) => verdict === "partial" || verdict === "composite";

/** A figure: the image with a box for each part, and where they are in words. */
export function regionsFigure(record, picture) {
  const parts = partsOf(record);
  const cover = element("div", {className: "boxes", role: "img", "aria-label": t("regions.alt", {count: parts.length})},
    boxes(parts, record));
  return element("figure", {}, element("h3", {}, t("regions")), stage(record, picture, cover),
    element("ul", {className: "parts"}, inWords(parts, record).map((words) => element("li", {}, words))),
    element("figcaption", {className: "quiet"}, t("regions.note")));
}

/** The regions with the names of their boxes: numbers, but for one that is the rest around all others. */
function partsOf({region_list: regions, verdict}) {
  const [first, ...others] = regions;
  const isAround = verdict === "composite" && others.length > 0 && others.every((region) => isInside(region, first));
  const numbered = (isAround ? others : regions).map((region, i) => ({region, name: String(i + 1)}));
  return isAround ? [...numbered, {region: first, name: t("regions.the_rest"), isRest: true}] : numbered;
}

function boxes(parts, picture) {
  const corners = labelCorners(parts.map(({region}) => region), picture);
  return parts.map(({region, name}) => {
    const style = {
      left: share(region.x, picture.width), top: share(region.y, picture.height),
      width: share(region.width, picture.width), height: share(region.height, picture.height),
    };
    const words = t("regions.label", {name, quality: qualityWords(region)});
    return element("div", {className: "box", style}, element("span", {className: `label ${corners.get(region)}`}, words));
  });
}

const share = (part, whole) => `${(100 * part) / whole}%`;

/** For each box the corner of its label: the first that no other label is near. Small boxes choose first: a label of a
 * large one must not lie in them. */
function labelCorners(regions, picture) {
  const taken = [], chosen = new Map();
  for (const region of [...regions].sort((one, other) => one.width * one.height - other.width * other.height)) {
    const {x, y, width, height} = region;
    const left = [["", x, y], ["low", x, y + height]];
    const right = [["right", x + width, y], ["low right", x + width, y + height]];
    const corners = x > FAR_RIGHT * picture.width ? [...right, ...left] : [left[0], right[0], left[1], right[1]];
    const free = corners.find((corner) => !taken.some((other) => areNear(corner, other, picture))) ?? corners[0];
    taken.push(free);
    chosen.set(region, free[0]);
  }
  return chosen;
}

const areNear = ([, x, y], [, otherX, otherY], {width, height}) =>
  Math.abs(x - otherX) < ROOM.x * width && Math.abs(y - otherY) < ROOM.y * height;

/** A line for each part; the rest around them comes last. */
function inWords(parts, {verdict}) {
  const lines = parts.map(({region, name, isRest}) => {
    const quality = qualityWords(region);
    return isRest ? t("regions.rest", {quality}) : t("regions.part", {...region, name, quality});
  });
  return verdict === "partial" ? [...lines, t("regions.no_grid")] : lines;
}

/** Whether the middle of a part is in another one: the engine's sentence has the same rule. */
function isInside(region, other) {
  const x = region.x + Math.floor(region.width / 2), y = region.y + Math.floor(region.height / 2);
  return other.x <= x && x < other.x + other.width && other.y <= y && y < other.y + other.height;
}
