// What certainly is a formula of TeX. It is shown as it is written, and nothing in it is read as Markdown.

const INLINE =
  /\\\(([^\\]*(?:\\[^()][^\\]*)*)\\\)|\\\[([^\\]*(?:\\[^[\]][^\\]*)*)\\\]|(\$\$?)([^$\\]*(?:\\.[^$\\]*)*)\3(?![\d${])/sy;
const DISPLAY = /^\s*(?:(\$\$)|\\\[)\s*(.*)$/s;
export const AFTER_FORMULA = /^..[.,;:。，；：]?[^\S\n]*/; // its end, and what ends its sentence
const TEX_SIGN = /\\[a-z]|[\^_{}=<>≤≥≈]/i;
const TEX_COMMAND = /\\[a-z]+(?:\s*\{[^{}]*\})?/gi;
const PROSE = /\p{L}{2,}[\s,.;:()]+\p{L}{2,}|[\u3000-\u9FFF\uAC00-\uD7AF\uFF01-\uFFEF]/u;
const SHORT = /^(?:[-+]?\d[\d.,]*|[-+\d\s]*\p{L}(?:['\d\s]|[-+*/|!,]\s*|\(\p{L}\)|\p{L}(?!\p{L}))*)$/u; // 42, x, 2x + y, f(x)

/** What stands between dollar signs may be prices: a formula has signs of TeX, or is a number or a few letters. */
function isFormula(text) {
  if (!text || /^\s|[\s=+\-–—/,;:(]$/.test(text) || PROSE.test(text.replace(TEX_COMMAND, " "))) return false;
  return TEX_SIGN.test(text) || SHORT.test(text);
}

/** The formula that begins at `at` in a text without block structure, with its delimiters, or "". */
export function formulaAt(text, at) {
  INLINE.lastIndex = at;
  const [source = "", round, square, dollars, body] = INLINE.exec(text) ?? [];
  if (round?.trim()) return source;
  if (square !== undefined) return TEX_SIGN.test(square) ? source : ""; // others are brackets that were escaped
  if (dollars === "$$") return isFormula(body.trim()) ? source : "";
  return dollars && !/[a-z\d]/i.test(text[at - 1] ?? "") && !body.includes("\n") && isFormula(body) ? source : "";
}

/** What ends a formula that has lines of its own and begins with this one: "$$", "\]" or, where none does, "". */
export function endOfDisplay(line) {
  const [, dollars, rest] = DISPLAY.exec(line) ?? [];
  if (rest === undefined) return "";
  const end = dollars ?? "\\]";
  const at = rest.indexOf(end);
  if (at < 0) return !rest || /^\\[a-z]/i.test(rest) ? end : "";
  return at && AFTER_FORMULA.exec(rest.slice(at))[0] === rest.slice(at) ? end : "";
}
