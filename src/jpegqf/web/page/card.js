// The card of one image: verdict, qualities side by side, reasons, maps, charts, tables, the file.

import {combChart, posteriorChart} from "./charts.js";
import {element, visible} from "./dom.js";
import {bytes, has, interval, list, number, percent, phrase, sentences, span, t} from "./i18n.js";
import {earlierFigure, mapFigure} from "./map.js";
import {isMixture, regionsFigure} from "./regions.js";
import {restorePart} from "./restore.js";
import {badge, troubleOf} from "./table.js";

const SEGMENTS_SHOWN = 12;

/** Children of the card for an entry; told again when its evidence comes, or the language changes. */
export function cardOf(entry, {back, savePicture, giveBack, limit}) {
  const {record, evidence} = entry;
  const head = element("header", {},
    element("button", {type: "button", className: "back", on: {click: back}}, t("card.back")),
    element("h2", {id: "card-title", tabIndex: -1}, element("bdi", {className: "file"}, visible(entry.name))),
    element("p", {className: "sentence"}, badge(entry), element("span", {}, sentenceOf(entry, limit))));
  if (!record) return [head];
  const trouble = record.message ? element("p", {className: "quiet"}, messageOf(record)) : null;
  const parts = [head, trouble, summary(record), restorePart(entry, giveBack), sure(record, evidence)];
  if (isMixture(record)) parts.push(regionsFigure(record, entry.picture));
  if (entry.explaining) parts.push(element("p", {className: "looking", role: "status"}, element("progress"), t("card.looking")));
  if (entry.unexplained) parts.push(element("p", {className: "bad", role: "alert"}, t("card.lost")));
  if (evidence?.pixels) parts.push(mapFigure(evidence.pixels, record, entry.picture, isMixture(record)));
  if (evidence?.earlier) parts.push(earlierFigure(evidence.earlier, record, entry.picture));
  if (evidence?.pixels) parts.push(...charts(evidence.pixels));
  if (evidence) parts.push(tables(evidence, record), fileFacts(entry, evidence.file));
  if (evidence?.pixels) {
    const save = {type: "button", on: {click: savePicture}};
    parts.push(element("p", {className: "buttons"}, element("button", save, t("card.picture"))));
  }
  return parts.filter(Boolean);
}

function messageOf({message}) {
  const words = phrase(message);
  return words[0].toUpperCase() + words.slice(1);
}

function sentenceOf(entry, limit) {
  const {record} = entry;
  const trouble = troubleOf(entry, limit);
  if (!record?.verdict_text || record.status === "error") return trouble ?? "";
  const words = phrase(record.verdict_text);
  const sentence = words[0].toUpperCase() + words.slice(1);
  return trouble ? `${sentence} (${trouble})` : sentence;
}

function summary(record) {
  const answer = record.qf ?? "–";
  const rows = [
    ["card.header", record.header_qf, record.header_qf, record.header_qf, record.encoder ? "unknown" : "none"],
    ["card.pixels", record.pixel_qf, record.pixel_qf_low, record.pixel_qf_high, ["no_trace", "other_codec"].includes(record.verdict) ? "none" : "unknown"],
    ["card.first", record.first_qf, record.first_qf_low, record.first_qf_high, (record.recompressed_probability ?? 1) < 0.5 ? "none" : "unknown"],
  ];
  return element("section", {className: "summary"},
    element("p", {className: "big"}, element("strong", {className: record.qf === null ? "open" : ""}, String(answer)), element("span", {}, t("card.quality"))),
    element("dl", {className: "scale"}, rows.map((row) => scaleRow(...row))));
}

function scaleRow(key, value, low, high, absent) {
  const known = low !== null;
  const words = value !== null ? String(value) : known ? span(low, high) : t(absent);
  const track = element("span", {className: "track", "aria-hidden": "true"});
  if (known) {
    track.append(element("span", {className: "span", style: {left: `${low - 1}%`, width: `${high - low + 1}%`}}));
    if (value !== null) track.append(element("span", {className: "dot", style: {left: `${value - 0.5}%`}}));
  }
  return element("div", {}, element("dt", {}, t(key)), element("dd", {className: known ? "" : "quiet"}, track, element("span", {}, words)));
}

function sure(record, evidence) {
  const reasons = [...headerReasons(record, evidence), ...pixelReasons(record, evidence), ...historyReasons(record)];
  return element("section", {}, element("h3", {}, t("sure")), element("ul", {}, reasons.map((words) => element("li", {}, words))));
}

function headerReasons(record, evidence) {
  if (!record.encoder) return [t("sure.no_header")];
  const error = number(evidence?.file?.match_error ?? 0, 3);
  return [t(`sure.header_${record.header_match ?? "none"}`, {q: record.header_qf, error})];
}

function pixelReasons(record, evidence) {
  if (record.jpeg_probability === null) return [];
  const p = percent(record.jpeg_probability);
  if (record.jpeg_probability < 0.5) return [t("sure.no_grid", {p})];
  const range = {interval: interval(record.pixel_qf_low, record.pixel_qf_high)};
  const reasons = [...(isMixture(record) ? [t("sure.largest")] : []), t("sure.grid", {p})];
  reasons.push(record.pixel_qf === null ? t("sure.pixels_wide", range)
    : t("sure.pixels", {q: record.pixel_qf, p: percent(record.pixel_confidence), ...range}));
  const posterior = evidence?.pixels?.posterior;
  if (record.pixel_qf !== null && posterior?.ties.length) {
    const ties = posterior.ties.map(({quality, probability}) => t("sure.tie", {q: quality, p: percent(probability)}));
    reasons.push(t("sure.ties", {list: list(ties)}));
  }
  const place = {x: record.grid_x, y: record.grid_y};
  if (isMixture(record)) reasons.push(t("sure.grid_part", place));
  else if (posterior?.turned) reasons.push(t("sure.grid_turned", place));
  else if (record.grid_x || record.grid_y) reasons.push(t("sure.grid_moved", place));
  return reasons;
}

function historyReasons(record) {
  if (!record.encoder) return [];
  if (record.recompressed_probability === null) return [t("sure.no_history")];
  const p = percent(record.recompressed_probability);
  if (record.first_qf_low === null) return [t("sure.history", {p})];
  const range = {p, interval: interval(record.first_qf_low, record.first_qf_high)};
  return [record.first_qf === null ? t("sure.history_wide", range) : t("sure.history_first", {q: record.first_qf, ...range})];
}

function charts({posterior, best, rival, histograms}) {
  if (posterior.jpeg_probability < 0.5) return [];
  const shaded = t("posterior.note", {interval: interval(posterior.low, posterior.high)});
  const parts = [element("figure", {}, element("h3", {}, t("posterior")), posteriorChart(posterior),
    element("figcaption", {className: "quiet"}, shaded))];
  const combs = histograms.map((histogram) => element("div", {},
    element("h4", {}, combTitle(histogram)),
    combChart(histogram)));
  parts.push(element("figure", {}, element("h3", {}, t("combs")), element("div", {className: "combs"}, combs),
    element("figcaption", {className: "quiet"}, combWords(best.quality, rival.quality, histograms))));
  return parts;
}

function combTitle(histogram) {
  const {step, rival_step: rival} = histogram;
  const told = [t("combs.frequency", histogram), t("combs.step", {step})];
  return list(rival === step ? told : [...told, t("combs.rival", {step: rival})]);
}

/** The rival's lines are explained where there are any. */
function combWords(best, rival, histograms) {
  const differs = histograms.some(({step, rival_step: other}) => step !== other);
  return sentences(t("combs.note", {best}), differs ? t("combs.note_rival", {rival}) : null);
}

function tables({file}, {pixel_table: told}) {
  const shown = (file?.tables ?? []).map(({role, slot, steps}) => heat(t(`tables.${role}`, {slot}), steps));
  const luma = file?.tables.find(({role}) => role === "luma");
  if (told && JSON.stringify(told) !== JSON.stringify(luma?.steps.flat())) {
    shown.push(heat(t("tables.pixels"), Array.from({length: 8}, (_, row) => told.slice(8 * row, 8 * row + 8))));
  }
  if (!shown.length) return null;
  return element("section", {}, element("h3", {}, t("tables")), element("div", {className: "heats"}, shown),
    element("p", {className: "quiet"}, t("tables.note")));
}

function heat(caption, steps) {
  const level = (step) => Math.min(5, Math.floor((Math.log2(Math.max(step, 1)) / 8) * 6));
  return element("table", {className: "heat"}, element("caption", {}, caption), element("tbody", {},
    steps.map((row) => element("tr", {}, row.map((step) => element("td", {className: `s${level(step ?? 1)}`}, String(step ?? "·")))))));
}

function fileFacts(entry, file) {
  const {record} = entry;
  const size = {width: record.width ?? "?", height: record.height ?? "?", bytes: bytes(entry.file.size)};
  const facts = [["file.format", record.format ?? t("unknown")], ["file.size", t("file.pixels", size)]];
  if (file) facts.push(...headerFacts(record, file));
  facts.push(...regionFacts(record));
  if (record.model) facts.push(["file.model", record.model]);
  const rows = facts.map(([key, value]) => element("div", {}, element("dt", {}, t(key)), element("dd", {}, value)));
  return element("section", {}, element("h3", {}, t("file")), element("dl", {className: "facts"}, rows));
}

function regionFacts({jpeg_share: share, regions}) {
  const facts = [];
  if (share !== null) facts.push(["file.share", t("file.share.note", {share: `${number(100 * share, 1)}\u00a0%`})]);
  if (regions !== null) facts.push(["file.saves", number(regions)]);
  return facts;
}

function headerFacts(record, file) {
  const coding = [file.kind, record.subsampling, file.color === "gray" ? null : file.color].map(codeWords).concat(
    file.scans > 1 ? t("file.scans", {count: file.scans}) : null).filter(Boolean);
  const segments = file.segments.map(({app, identifier, bytes: size}) => `APP${app} ${identifier || "?"} (${bytes(size)})`);
  const facts = [["file.encoder", encoderWords(file)], ["file.coding", list(coding)],
    ["file.segments", segments.length ? list(segments.slice(0, SEGMENTS_SHOWN)) : t("none")],
    ["file.odd", file.notes.length ? list(file.notes.map(phrase)) : t("file.odd.none")]];
  if (file.absent.length) facts.push(["file.absent", t("file.absent.note", {list: list(file.absent)})]);
  if (file.made_by.length) facts.push(["file.made", list(file.made_by.map(visible))]);
  if (file.orientation > 1) facts.push(["file.orientation", t("file.orientation.note", {value: file.orientation})]);
  if (file.comments.length) facts.push(["file.comments", file.comments.map((text) => visible(text.slice(0, 200))).join(" · ")]);
  return facts;
}

/** A code of the header, in words where there are some: names such as YCbCr and 4:2:0 stay. */
const codeWords = (code) => (code && has(`code.${code}`) ? t(`code.${code}`) : code);

function encoderWords({encoder, encoder_by: by, encoder_quality: quality, alternatives}) {
  if (by === "nothing") return t("file.encoder.nothing");
  const known = phrase(encoder);
  const name = quality === null ? known : t("file.encoder.quality", {name: known, quality: number(quality, 1)});
  const words = t(`file.encoder.${by}`, {name});
  return alternatives.length ? sentences(words, t("file.alternatives", {list: list(alternatives.map(phrase))})) : words;
}
