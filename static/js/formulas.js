// What certainly is a formula of TeX. It is shown as it is written, and nothing in it is read as Markdown.

const INLINE = new RegExp(
  [
    /\\\(([^\\]*(?:\\[^()][^\\]*)*)\\\)/,
    /\\\[([^\\]*(?:\\[^[\]][^\\]*)*)\\\]/,
    /(\$\$?)([^$\\]*(?:\\.[^$\\]*)*)\3(?![\d${])/,
  ].map(({ source }) => source).join("|"),
  "sy",
);
const DISPLAY = /^\s*(?:(\$\$)|\\\[)\s*(.*)$/s;
export const AFTER_FORMULA = /^..[.,;:。，；：]?[^\S\n]*/; // its end, and what ends its sentence
const TEX_SIGN = /\\[a-z%]|[\^_{}=<>≤≥≈]/i;
const TEX_COMMAND = /\\[a-z]+(?:\s*\{[^{}]*\})?/gi;
const WORD = /\p{L}{2}/u;
const PROSE = /\p{L}{2}[\s,.;:()]+\p{L}{2}|[\u3000-\u9FFF\uAC00-\uD7AF\uFF01-\uFFEF]/u;
const SHORT = /^(?:[-+]?\d[\d.,]*|[-+\d\s]*\p{L}(?:['\d\s+*/|!,-]|\(\p{L}\)|\p{L}(?!\p{L}))*)$/u; // 42, 2x + y, f(x)

const MARKS = /^(?:\$\$?|\\[([])|(?:\$\$?|\\[)\]])(?=[.,;:。，；：]?$)/g;
const TEX_WORDS = [
  [/\\(?:text|mathrm|mbox)\s*\{([^{}]*)\}/g, "$1"],
  [/\^(?:\{\s*\\circ\s*\}|\\circ)\s*/g, "°"],
  [/\\leq?(?![a-z])/g, "≤"],
  [/\\geq?(?![a-z])/g, "≥"],
  [/\\times(?![a-z])/g, "×"],
  [/\\pm(?![a-z])/g, "±"],
  [/\\[,;: ]|~/g, " "],
  [/\\%/g, "%"],
];

/** The words of a formula that has nothing but these, and numbers with their units ("$5 \text{mg}$"), or "". */
export function wordsOf(formula) {
  const words = TEX_WORDS.reduce((text, [tex, word]) => text.replace(tex, word), formula.trim().replace(MARKS, ""));
  return /^[\p{L}\p{M}\p{N}\s.,;:。，；：%‰°℃$€£¥<>≤≥≈×±/–-]+$/u.test(words) ? words.trim() : "";
}

/** Brackets may have been escaped: "\(500 mg\)", "\[1\]". */
const isBracketed = (text, sign) => TEX_SIGN.test(text) || (sign.test(text) && !WORD.test(text));

/** Dollar signs may be those of prices. */
function isFormula(text) {
  if (!text || /^\s|[\s=+\-–—/,;:(]$/.test(text) || PROSE.test(text.replace(TEX_COMMAND, " "))) return false;
  return TEX_SIGN.test(text) || SHORT.test(text);
}

/** The formula that begins at `at` in a text without block structure, with its delimiters, or "". */
export function formulaAt(text, at) {
  INLINE.lastIndex = at;
  const [source = "", round, square, dollars, body] = INLINE.exec(text) ?? [];
  return isCertain(round, square, dollars, body, text[at - 1]) ? source : "";
}

function isCertain(round, square, dollars, body, before = "") {
  if (round !== undefined) return isBracketed(round, /\S/);
  if (square !== undefined) return isBracketed(square, /\p{L}.*[-+*/]|[-+*/].*\p{L}/su);
  if (dollars === "$$") return isFormula(body.trim());
  return dollars && !/[a-z\d]/i.test(before) && !body.includes("\n") && isFormula(body);
}

/** What ends a formula that has lines of its own and begins with this one: "$$", "\]" or, where none does, "". */
export function endOfDisplay(line) {
  const [, dollars, rest] = DISPLAY.exec(line) ?? [];
  if (rest === undefined) return "";
  const end = dollars ?? "\\]";
  const at = rest.indexOf(end);
  if (at < 0) return !rest || /^\\[a-z]/i.test(rest) ? end : "";
  const isAlone = AFTER_FORMULA.exec(rest.slice(at))[0] === rest.slice(at);
  return isAlone && formulaAt(line, line.search(/\S/)) ? end : "";
}
