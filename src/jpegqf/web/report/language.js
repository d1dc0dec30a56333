// The reader's language: texts by their keys, the engine's sentences, numbers. All languages are in the page.
import {fill, patternsOf, translated} from "../page/words.js";

export const LANGUAGES = {en: "en", zh: "zh-Hans", ja: "ja"};
const TEXTS = JSON.parse(document.getElementById("texts").textContent);
let chosen = "en", patterns = [], patternsOfCounted = [];

/** The first of the browser's languages that the page speaks. */
export const preferredLanguage = () =>
  navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((name) => Object.hasOwn(LANGUAGES, name)) ?? "en";

export function setLanguage(name) {
  chosen = name;
  const phrases = TEXTS[name].phrases;
  patterns = patternsOf(phrases);
  const counted = Object.entries(phrases).map(([pattern, words]) => [pattern.replaceAll("[\\d.]", "[\\dN.]").replaceAll("\\d", "[\\dN]"), words]);
  patternsOfCounted = patternsOf(Object.fromEntries(counted));
  document.documentElement.lang = LANGUAGES[name];
  for (const element of document.querySelectorAll("[data-i18n]")) element.textContent = t(element.dataset.i18n);
  for (const element of document.querySelectorAll("[data-i18n-label]")) element.setAttribute("aria-label", t(element.dataset.i18nLabel));
}

export const has = (key) => Object.hasOwn(TEXTS[chosen], key);

/** The text of a key with its {places} filled. */
export const t = (key, places) => fill(TEXTS[chosen][key] ?? key, places);

/** A text of the data: a string as it is, or a list of a key and its places, which may be texts, too. */
export function say(text) {
  if (typeof text === "string") return text;
  const [key, places = {}] = text;
  return t(key, Object.fromEntries(Object.entries(places).map(([name, value]) => [name, say(value)])));
}

/** Sentences of the data, one after the other. */
export const sayAll = (texts) => texts.map(say).join(chosen === "en" ? " " : "");

/** Sentences one after the other; those that are empty are left out. */
export const sentences = (...told) => told.filter(Boolean).join(chosen === "en" ? " " : "");

/** A sentence of the engine in the reader's language. */
export const phrase = (sentence) => translated(sentence, patterns);

/** The same of a message whose numbers are all written N. */
export const phraseOfCounted = (sentence) => translated(sentence, patternsOfCounted);

/** What a code means; the code itself where no text says so. */
export const meaning = (kind, code) => (has(`${kind}.${code}`) ? t(`${kind}.${code}`) : code);

/** A code in words with the code beside, as one string. */
export const withCode = (kind, code) => (meaning(kind, code) === code ? code : `${meaning(kind, code)} (${code})`);

export const number = (n) => n.toLocaleString("en-US");
export const images = (n) => t(n === 1 ? "images.one" : "images", {n: number(n)});
export const list = (items) => items.join(chosen === "en" ? ", " : "、");

export function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  if (share > 0 && share < 0.1) return "<\u00a00.1\u00a0%";
  if (share > 99 && share < 100) return ">\u00a099\u00a0%";
  return `${share.toFixed(share >= 9.95 || share === 0 ? 0 : 1)}\u00a0%`;
}
