// The table of results: one row per image, its state while it is looked at, its answer after.

import {element} from "./dom.js";
import {has, t} from "./i18n.js";

export const TONES = {
  consistent: "good", resaved: "bad", mismatch: "warn", header_only: "plain",
  pixels_only: "info", partial: "info", composite: "warn", other_codec: "info", no_trace: "plain", unknown: "plain",
};

/** A short word for an entry's state, and its tone. */
export function verdictOf({record, failure, state}) {
  if (failure && !record) return [t("state.failed"), "bad"];
  if (!record) return [t(`state.${state}`), "plain"];
  if (record.status === "error") return [t("state.error"), "bad"];
  if (record.status === "skipped" && record.verdict === "unknown") return [t("state.skipped"), "plain"];
  return [t(`verdict.${record.verdict}`), TONES[record.verdict] ?? "plain"];
}

export function badge(entry) {
  const [words, tone] = verdictOf(entry);
  return element("span", {className: `badge ${tone}`}, words);
}

/** The quality that the pixels of an image or of a part of it tell, or its interval. */
export function qualityWords({pixel_qf: quality, pixel_qf_low: low, pixel_qf_high: high}) {
  if (quality !== null) return String(quality);
  return low === null ? "–" : `${low}–${high}`;
}

/** Fills the row of an entry; made once, filled again when its state or the language changes. */
export function fillRow(entry, open) {
  const {record, row} = entry;
  entry.button ??= element("button", {type: "button", className: "name", on: {click: () => open(entry)}});
  entry.button.replaceChildren(
    element("span", {className: "thumb"}, entry.unshowable ? "" : entry.thumb ?? ""),
    element("span", {className: "label"}, entry.name),
  );
  const cells = record
    ? [record.qf ?? "–", record.header_qf ?? "–", qualityWords(record)]
    : ["", "", ""];
  row.replaceChildren(
    element("th", {scope: "row"}, entry.button),
    element("td", {className: "number answer"}, String(cells[0])),
    element("td", {className: "number wide"}, String(cells[1])),
    element("td", {className: "number wide"}, cells[2]),
    element("td", {}, entry.state === "working" && !record ? busy() : badge(entry)),
  );
}

function busy() {
  return element("span", {className: "badge plain busy"}, element("progress", {"aria-label": t("state.working")}), t("state.working"));
}

/** What is wrong with an image, in the page's language. */
export function troubleOf({record, failure}, limit) {
  if (record?.reason && has(`reason.${record.reason}`)) return t(`reason.${record.reason}`);
  if (!failure) return null;
  const key = `error.${failure.code}`;
  return has(key) ? t(key, {size: limit}) : t("error.other");
}
