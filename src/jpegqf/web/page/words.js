// Texts with {places}, and sentences of the engine translated by their patterns; used by the page and by the report.

/** A text with its {places} filled. */
export const fill = (text, places = {}) => text.replace(/\{(\w+)\}/g, (all, name) => places[name] ?? all);

/** Patterns of sentences and their translations, from the phrases of a language. */
export const patternsOf = (phrases) => Object.entries(phrases).map(([pattern, words]) => [new RegExp(`^${pattern}$`), words]);

/** A sentence of the engine, its parts too, by the first pattern that fits; as it is where none does. */
export function translated(sentence, patterns) {
  for (const [pattern, words] of patterns) {
    const found = pattern.exec(sentence);
    if (found) return words.replace(/\$(\d)/g, (all, group) => translated(found[group], patterns));
  }
  return sentence;
}
