// The parts of an image that were saved as JPEG: boxes over the picture, and a list in words.

import {element} from "./dom.js";
import {t} from "./i18n.js";
import {stage} from "./stage.js";
import {qualityWords} from "./table.js";

const ROOM = 0.12;  // of the picture's width and height: labels at corners that are nearer would cover each other

/** Whether an image is told by its parts: not one save all over. */
export const isMixture = ({verdict}) => verdict === "partial" || verdict === "composite";

/** A figure: the image with a box for each part, and where they are in words. */
export function regionsFigure(record, picture) {
  const regions = record.region_list;
  const cover = element("div", {className: "boxes", role: "img", "aria-label": t("regions.alt", {count: regions.length})},
    boxes(regions, record));
  return element("figure", {}, element("h3", {}, t("regions")), stage(record, picture, cover),
    element("ul", {className: "parts"}, inWords(record).map((words) => element("li", {}, words))),
    element("figcaption", {className: "quiet"}, t("regions.note")));
}

function boxes(regions, picture) {
  const corners = labelCorners(regions, picture);
  return regions.map((region) => {
    const style = {
      left: share(region.x, picture.width), top: share(region.y, picture.height),
      width: share(region.width, picture.width), height: share(region.height, picture.height),
    };
    const label = element("span", {className: `label ${corners.get(region)}`}, qualityWords(region));
    return element("div", {className: "box", style}, label);
  });
}

const share = (part, whole) => `${(100 * part) / whole}%`;

/** For each box the corner of its label: the first that no other label is near. Small boxes choose first: a label of a
 * large one must not lie in them. */
function labelCorners(regions, picture) {
  const taken = [], chosen = new Map();
  for (const region of [...regions].sort((one, other) => one.width * one.height - other.width * other.height)) {
    const {x, y, width, height} = region;
    const corners = [["", x, y], ["right", x + width, y], ["low", x, y + height], ["low right", x + width, y + height]];
    const free = corners.find((corner) => !taken.some((other) => areNear(corner, other, picture))) ?? corners[0];
    taken.push(free);
    chosen.set(region, free[0]);
  }
  return chosen;
}

const areNear = ([, x, y], [, otherX, otherY], {width, height}) =>
  Math.abs(x - otherX) < ROOM * width && Math.abs(y - otherY) < ROOM * height;

/** A line for each part; the largest comes last if all others lie in it: it is the rest around them. */
function inWords({region_list: regions, verdict}) {
  const [first, ...others] = regions;
  const isAround = verdict === "composite" && others.length > 0 && others.every((region) => isInside(region, first));
  const lines = (isAround ? others : regions).map((region) => t("regions.part", {...region, quality: qualityWords(region)}));
  if (isAround) lines.push(t("regions.rest", {quality: qualityWords(first)}));
  if (verdict === "partial") lines.push(t("regions.no_grid"));
  return lines;
}

/** Whether the middle of a part is in another one: the engine's sentence has the same rule. */
function isInside(region, other) {
  const x = region.x + Math.floor(region.width / 2), y = region.y + Math.floor(region.height / 2);
  return other.x <= x && x < other.x + other.width && other.y <= y && y < other.y + other.height;
}
