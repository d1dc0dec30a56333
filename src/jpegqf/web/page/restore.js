// The JPEG that an image was: a button that gives it back, what it saves, and the download.

import {element} from "./dom.js";
import {save} from "./export.js";
import {bytes, has, percent, phrase, t} from "./i18n.js";

/** A part of the card of an image whose pixels were a JPEG; `giveBack` is null where the server restores nothing. */
export function restorePart(entry, giveBack) {
  if (!giveBack || entry.record.verdict !== "pixels_only") return null;
  if (entry.restoring) return element("p", {className: "looking", role: "status"}, element("progress"), t("restore.looking"));
  if (entry.unrestored) return element("p", {className: "quiet", role: "status"}, t("restore.none", {why: why(entry.unrestored)}));
  const button = (words, click) => element("p", {className: "buttons"}, element("button", {type: "button", id: "restore", on: {click}}, words));
  if (!entry.jpeg) return button(t("restore.give"), giveBack);
  const places = {size: bytes(entry.jpeg.size), before: bytes(entry.file.size), share: percent(1 - entry.jpeg.size / entry.file.size)};
  const name = entry.name.split("/").at(-1).replace(/\.\w+$/, "");
  return element("section", {}, element("p", {role: "status"}, t("restore.saves", places)),
    button(t("restore.save"), () => save(entry.jpeg, `${name}.jpg`)));
}

/** Ask the server; `show` draws the card again. */
export async function giveBack(entry, server, show) {
  entry.restoring = true;
  show();
  try {
    entry.jpeg = await server.restore(entry.file, entry.name);
  } catch (refusal) {
    entry.unrestored = refusal;
  }
  entry.restoring = false;
  show();
}

function why({code, record, message}) {
  const reason = record?.reason;
  if (reason === "not_identical") return phrase(record.message);
  if (has(`reason.${reason}`)) return t(`reason.${reason}`);
  return has(`error.${code}`) ? t(`error.${code}`) : message;
}
