// What was heard, as text: its words, and how pieces of it go together. Pure.

const SIGN = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}";
const LETTER = `(?:(?![${SIGN}])[\\p{L}\\p{M}\\p{N}])`;
const IS_SIGN = new RegExp(`^[${SIGN}]`, "u");
const WORD = new RegExp(`[${SIGN}]|${LETTER}+(?:['’]${LETTER}+)*`, "gu");

/** Scripts that put no spaces between words, and punctuation that brings its own. */
const SCRIPTS = ["Han", "Hira", "Kana", "Thai", "Lao", "Khmr", "Mymr"].map((name) => `\\p{scx=${name}}`);
const UNSPACED = `[${SCRIPTS.join("")}\\uFF00-\\uFFEF]`;
const TOUCHES_NEXT = new RegExp(`(?:\\s|${UNSPACED}|[([{¿¡])$`, "u");
const TOUCHES_BEFORE = new RegExp(`^(?:\\s|${UNSPACED}|[.,;:!?…)\\]}](?!\\d))`, "u");

/**
 * The words of a text, each {word, isSign, end}: as it compares with others, whether it is one sign of a script without
 * spaces, and where it ends.
 */
export function wordsOf(text) {
  return Array.from(text.matchAll(WORD), ({ 0: found, index }) => ({
    word: found.normalize("NFKC").toLowerCase().replace(/’/g, "'"),
    isSign: IS_SIGN.test(found),
    end: index + found.length,
  }));
}

/** Two pieces, one after the other, with the space between them that their language wants. Digits never join. */
export function joined(one, other) {
  if (!one || !other) return one + other;
  const areDigits = /\p{N}$/u.test(one) && /^\p{N}/u.test(other);
  return one + (!areDigits && (TOUCHES_NEXT.test(one) || TOUCHES_BEFORE.test(other)) ? "" : " ") + other;
}

/** What `text` says after the words that it has in common with the beginning of `known`. */
export function after(text, known) {
  const [words, before] = [wordsOf(text), wordsOf(known)];
  const other = words.findIndex(({ word }, at) => word !== before[at]?.word);
  const count = other < 0 ? words.length : other;
  const rest = text.slice(words[count - 1]?.end ?? 0);
  const marks = known.slice(before[count - 1]?.end ?? 0); // after the last word in common
  const isAll = count === before.length && rest.startsWith(marks);
  return (isAll ? rest.slice(marks.length) : rest).replace(/^ +/, "");
}
