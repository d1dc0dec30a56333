// Records -> files that the browser saves; the CSV is one that jpegqf itself writes and reads.

import {element} from "./dom.js";

const FORMULA = /^'*[=+\-@\t\r\n]/;  // what a spreadsheet would run: the same rule as in the package's sinks

const LISTS = ["pixel_table", "region_list"];  // a list is no cell

const FRACTIONS = ["pixel_confidence", "jpeg_probability", "jpeg_share", "recompressed_probability", "header_error"];  // 1 is 1.0 there

function cell(name, value) {
  if (value === null) return "";
  if (FRACTIONS.includes(name) && Number.isInteger(value)) return `${value}.0`;
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(records) {
  const columns = Object.keys(records[0]).filter((name) => !LISTS.includes(name));
  const lines = [columns.join(","), ...records.map((record) => columns.map((name) => cell(name, record[name])).join(","))];
  return "\ufeff" + lines.map((line) => line + "\r\n").join("");
}

export function saveCsv(records) {
  save(new Blob([csv(records)], {type: "text/csv"}), "jpegqf.csv");
}

export function saveJson(records) {
  save(new Blob([JSON.stringify(records, null, 1)], {type: "application/json"}), "jpegqf.json");
}

export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
