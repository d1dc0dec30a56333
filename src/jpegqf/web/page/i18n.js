// The page's language: texts from i18n/*.json, and the engine's sentences translated by their patterns.

import {fill, patternsOf, translated} from "./words.js";

export const LANGUAGES = {en: "en", zh: "zh-Hans", ja: "ja"};
let texts = {};
let phrases = [];
export let language = "en";

export function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

export function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing: the choice lasts as long as the page */ }
}

export function preferredLanguage() {
  const wished = [kept("jpegqf.language"), ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
  return wished.find((name) => Object.hasOwn(LANGUAGES, name ?? "")) ?? "en";
}

export async function setLanguage(name) {
  const answer = await fetch(`/web/page/i18n/${name}.json`);
  texts = await answer.json();
  phrases = patternsOf(texts.phrases);
  language = name;
  document.documentElement.lang = LANGUAGES[name];
  document.title = t("title");
  translate(document);
}

/** The text of a key with its {places} filled. */
export const t = (key, places) => fill(texts[key] ?? key, places);

/** Whether there is a text of this key. */
export function has(key) {
  return Object.hasOwn(texts, key);
}

/** A sentence of the engine in the page's language; in English where no pattern fits. */
export const phrase = (sentence) => translated(sentence, phrases);

export function translate(root) {
  for (const element of root.querySelectorAll("[data-i18n]")) element.textContent = t(element.dataset.i18n);
  for (const element of root.querySelectorAll("[data-i18n-label]")) {
    element.setAttribute("aria-label", t(element.dataset.i18nLabel));
    element.title = t(element.dataset.i18nLabel);
  }
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(LANGUAGES[language], {maximumFractionDigits: digits}).format(value);
}

/** A probability in percent. The server rounds: what it calls 1 is not certain, and 0 not impossible. */
export function percent(value) {
  if (value >= 0.9995) return ">\u00a099.9\u00a0%";
  if (value < 0.0005) return "<\u00a00.1\u00a0%";
  return `${number(100 * value, 1)}\u00a0%`;
}

export function bytes(size) {
  if (size < 2 ** 10) return `${size}\u00a0B`;
  const step = size >= 2 ** 20 ? 2 ** 20 : 2 ** 10;
  return `${number(size / step, 1)}\u00a0${step === 2 ** 20 ? "MiB" : "KiB"}`;
}

/** An interval of qualities in numbers; one number where both ends are the same. */
export const span = (low, high) => (low === high ? String(low) : `${low}–${high}`);

/** An interval of qualities in words. */
export const interval = (low, high) => (low === high ? t("interval.exact", {q: low}) : t("interval", {low, high}));

/** Sentences, one after the other; those that are null are left out. */
export const sentences = (...told) => told.filter(Boolean).join(language === "en" ? " " : "");

export function list(items) {
  return items.join(language === "en" ? ", " : "、");
}
