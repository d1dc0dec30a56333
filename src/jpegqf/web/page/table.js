// The table of results: one row per image, its state while it is looked at, its answer after.

import {element, visible} from "./dom.js";
import {has, span, t} from "./i18n.js";

const TONES = {
  consistent: "good", resaved: "bad", mismatch: "warn", header_only: "plain",
  pixels_only: "info", partial: "info", composite: "warn", other_codec: "info", no_trace: "plain", unknown: "plain",
};

/** The key of the short word for an entry's state. */
export function stateOf({record, failure, state}) {
  if (failure && !record) return "state.failed";
  if (!record) return `state.${state}`;
  if (record.status === "error") return "state.error";
  if (record.status === "skipped" && record.verdict === "unknown") return "state.skipped";
  return `verdict.${record.verdict}`;
}

function toneOf(state) {
  if (state === "state.failed" || state === "state.error") return "bad";
  return TONES[state.replace("verdict.", "")] ?? "plain";
}

export function badge(entry) {
  const state = stateOf(entry);
  return element("span", {className: `badge ${toneOf(state)}`}, t(state));
}

/** The quality that the pixels of an image or of a part of it tell, or its interval. */
export function qualityWords({pixel_qf: quality, pixel_qf_low: low, pixel_qf_high: high}) {
  if (quality !== null) return String(quality);
  return low === null ? "–" : span(low, high);
}

/** Fills the row of an entry; made once, filled again when its state or the language changes. */
export function fillRow(entry) {
  const {record, row} = entry;
  const state = () => (entry.state === "working" && !record ? busy() : badge(entry));
  entry.button ??= element("button", {type: "button", className: "name"});
  entry.button.replaceChildren(
    element("span", {className: "thumb"}, entry.unshowable ? "" : entry.thumb ?? ""),
    element("span", {className: "label"}, element("bdi", {className: "file"}, visible(entry.name)), element("span", {className: "under"}, state())),
  );
  const cells = record
    ? [record.qf ?? "–", record.header_qf ?? "–", qualityWords(record)]
    : ["", "", ""];
  row.replaceChildren(
    element("th", {scope: "row"}, entry.button),
    element("td", {className: "number answer"}, String(cells[0])),
    element("td", {className: "number wide"}, String(cells[1])),
    element("td", {className: "number wide"}, cells[2]),
    element("td", {className: "verdict"}, state()),
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
