// How much of a growing line stays what it is, whatever is written after it. Knows no DOM.

import { delimiter } from "../emphasis.js";
import { formulaAt } from "../formulas.js";

const TOKEN =
  /\\[^\n]|`+|\*+|_+|~+|\$+|[[【】]|\](?:\(<?(?:https?:|mailto:)[^()\n]*\))?|https?:[!-;=?-Z^_a-~]*[a-z\d/#$%&=@+-]/gi;
const LONGEST_FORMULA = 300;
/** What shows that a dollar sign stays one. */
const NO_FORMULA = /^\$[^\n$]*\n|^[^]{300}|\p{L}{2,}[\s,.;:()]+\p{L}{2,}|\p{Script=Han}/u;

/** Where what begins with a token ends; -1 where that is still to come. */
const ENDS = {
  "\\": endOfEscape,
  "`": endOfCode,
  $: endOfDollars,
  "[": openBracket,
  "]": closeBracket,
  "【": openBracket,
  "】": closeBracket,
};

/** The length of `text` (that of a block, see inline.js) up to the first mark that is not closed, if there is one. */
export function stableLength(text) {
  const tokens = new RegExp(TOKEN);
  const opened = []; // {token, at}: brackets and runs
  for (let match; (match = tokens.exec(text)); ) {
    const { 0: token, index } = match;
    const end = (ENDS[token[0]] ?? endOfRun)(text, index, token, opened);
    if (end < 0) return opened[0]?.at ?? index;
    tokens.lastIndex = end;
  }
  return opened[0]?.at ?? text.length;
}

/** `line` without code that is not closed, if a tag of a thought follows: it may turn out to be in the code. */
export function withoutOpenCode(line) {
  const runs = /\\.|`+/g;
  for (let run; (run = runs.exec(line)); ) {
    const end = run[0][0] === "`" ? endOfCode(line, run.index, run[0]) : runs.lastIndex;
    if (end < 0) return /<\/?(?:think|details)\b/i.test(line.slice(run.index)) ? line.slice(0, run.index) : line;
    runs.lastIndex = end;
  }
  return line;
}

/** What ends with the text may still grow. */
const within = (text, end) => (end < text.length ? end : -1);

function endOfEscape(text, index, token) {
  return /[([]/.test(token[1]) ? endOfFormula(text, index) : index + token.length;
}

function endOfFormula(text, index) {
  const { length } = formulaAt(text, index);
  return length ? within(text, index + length) : -1;
}

function endOfDollars(text, index, token) {
  const rest = text.slice(index, index + LONGEST_FORMULA);
  const before = text[index - 1] ?? "\n";
  const isBlock = token === "$$" && before === "\n" && !rest.includes("\n");
  const isPrice = (token === "$" && /[a-z\d]/i.test(before)) || (!isBlock && NO_FORMULA.test(rest));
  const end = endOfFormula(text, index);
  return end < 0 && isPrice ? index + token.length : end;
}

function endOfCode(text, index, ticks) {
  const runs = /`+/g;
  runs.lastIndex = index + ticks.length;
  for (let run; (run = runs.exec(text)); ) if (run[0] === ticks) return within(text, runs.lastIndex);
  return -1;
}

function openBracket(text, index, token, opened) {
  opened.push({ token, at: index });
  return index + 1;
}

function closeBracket(text, index, token, opened) {
  const last = lastOf(opened, token[0] === "]" ? "[" : "【");
  if (last < 0) return index + 1;
  const end = index + token.length;
  if (/^\](?:\(\S*)?$/.test(token + text.slice(end))) return -1; // words of a link, as it seems
  opened.splice(last, token.length > 1 ? opened.length : 1); // a link is closed with all that is in it
  return end;
}

/**
 * Of an address, or of a run: it closes one of its own length, unless a bracket between them may still become a link.
 * Where the lengths differ, something stays open.
 */
function endOfRun(text, index, token, opened) {
  const end = index + token.length;
  if (end === text.length) return -1; // it may grow
  const before = /.?$/su.exec(text.slice(Math.max(0, index - 2), index))[0];
  const run = delimiter(token, before || " ", String.fromCodePoint(text.codePointAt(end)));
  if (!run) return end;
  const last = lastOf(opened, token[0]);
  const isCloser = run.canClose && last > lastOf(opened, "[");
  if (isCloser && opened[last].token === token) opened.length = last;
  else if (isCloser) opened[last].token = `${token[0]}?`;
  else if (run.canOpen) opened.push({ token, at: index });
  return end;
}

const lastOf = (opened, wanted) => opened.map(({ token }) => token[0]).lastIndexOf(wanted);
