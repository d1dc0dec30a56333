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

function boxes(regions, {width, height}) {
  const taken = [];
  return regions.map((region) => {
    const style = {
      left: share(region.x, width), top: share(region.y, height),
      width: share(region.width, width), height: share(region.height, height),
    };
    const label = element("span", {className: `label ${freeCorner(region, width, height, taken)}`}, qualityWords(region));
    return element("div", {className: "box", style}, label);
  });
}

const share = (part, whole) => `${(100 * part) / whole}%`;

/** The first corner of a box that has no label beside it; it is taken from then on. */
function freeCorner({x, y, width, height}, across, down, taken) {
  const corners = [["", x, y], ["right", x + width, y], ["low", x, y + height], ["low right", x + width, y + height]];
  const isNear = ([, left, top]) => ([, otherLeft, otherTop]) =>
    Math.abs(left - otherLeft) < ROOM * across && Math.abs(top - otherTop) < ROOM * down;
  const free = corners.find((corner) => !taken.some(isNear(corner))) ?? corners[0];
  taken.push(free);
  return free[0];
}

/** A line for each part; the first comes last if all others lie in it: it is what is around them. */
function inWords({region_list: regions, verdict}) {
  const [first, ...others] = regions;
  const isAround = others.length > 0 && others.every((region) => isInside(region, first));
  const lines = (isAround ? others : regions).map((region) => t("regions.part", {...region, quality: qualityWords(region)}));
  if (isAround) lines.push(t("regions.rest", {quality: qualityWords(first)}));
  if (verdict === "partial") lines.push(t("regions.no_grid"));
  return lines;
}

/** Whether the middle of a part is in another one: the engine's sentence has the same rule. */
function isInside(region, other) {
  const x = region.x + region.width / 2, y = region.y + region.height / 2;
  return other.x <= x && x < other.x + other.width && other.y <= y && y < other.y + other.height;
}
