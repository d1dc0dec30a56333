// Elements from texts, never from markup: legends, tables of figures, bars.
import {number, percent, t} from "./language.js";

export const $ = (id) => document.getElementById(id);
export const sum = (list) => list.reduce((total, n) => total + n, 0);

export function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Words with the code that they stand for, smaller, where these differ. */
export function coded(words, code, className) {
  const made = element("span", words, className);
  if (code && code !== words) made.append(" ", element("code", code));
  return made;
}

/** Entries are [text, custom property of the colour, kind of mark]. */
export function legend(id, entries) {
  $(id).replaceChildren(...entries.map(([text, color, kind]) => {
    const item = element("li"), mark = element("i", null, kind);
    mark.style.background = kind === "ramp" ? `linear-gradient(90deg, var(${color}-faint), var(${color}))` : `var(${color})`;
    item.append(mark, text);
    return item;
  }));
}

export function plainTable(id, words, titles, rows) {
  const table = element("table"), head = element("tr");
  titles.forEach((title, i) => {
    const cell = element("th", title, i ? "right" : "");
    cell.scope = "col";
    head.append(cell);
  });
  const body = element("tbody");
  for (const row of rows) {
    const line = element("tr");
    row.forEach((value, i) => line.append(element("td", typeof value === "number" ? number(value) : value, i ? "right" : "")));
    body.append(line);
  }
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  const frame = element("div", null, "scroll");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", t("table", {words}));
  frame.append(table);
  $(id).replaceChildren(frame);
}

/** Entries have label, code, words, count, and may have alarm and more; bars are of `whole`. */
export function bars(id, entries, whole) {
  const table = element("table", null, "bars"), body = element("tbody");
  const most = Math.max(1, ...entries.map((entry) => entry.count));
  for (const entry of entries) {
    const row = element("tr", null, entry.alarm ? "alarm" : entry.count ? "" : "none"), name = element("th"), value = element("td", null, "number");
    name.scope = "row";
    name.append(coded(entry.label, entry.code, "label"), element("small", entry.words));
    if (entry.more) name.append(entry.more);
    value.append(`${number(entry.count)} · ${percent(entry.count, whole)}`);
    const bar = element("span", null, "bar");
    bar.style.width = `${(100 * entry.count) / most}%`;
    if (entry.count) value.append(bar);
    row.append(name, value);
    body.append(row);
  }
  table.append(body);
  $(id).replaceChildren(table);
}
