// Emphasis, strong emphasis and struck text: CommonMark 0.31.2, 6.2, and GitHub's `~~`. Knows no DOM.

const MAX_OPENERS = 50; // keeps the search for one linear

const WORD = /[\p{L}\p{M}\p{N}_]/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
/** Scripts without spaces, or with words that go on after a mark: there a mark's other side counts as a space. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]/u;

/**
 * A run of `*`, `_` or `~` between two characters, or null where it is text: within a name (报告_2024.pdf), a sign
 * (2*500, a*b), or longer than three (a blank to fill in). Two stars within a word begin nothing (x**2).
 */
export function delimiter(run, before, after) {
  const [char] = run;
  const sides = before + after;
  const isInWord = WORD.test(before) && WORD.test(after) && (char === "_" || !UNSPACED.test(sides));
  const isSign = /^[\p{N})]\p{N}$/u.test(sides) || (run === "*" && (isInWord || /^\p{N}\($/u.test(sides)));
  if (char === "~" ? run.length !== 2 : run.length > 3 || isSign) return null;
  const canOpen = isFlanking(before, after) && (char === "~" ? !isSign : !isInWord);
  const isAfterLabel = run === "**" && /[:.!?]/.test(before) && /\S/.test(after); // "**Dose:**5 mg"
  const canClose = (isFlanking(after, before) || isAfterLabel) && !(isInWord && char === "_");
  return { char, canOpen, canClose, isInWord, size: run.length, count: run.length, opens: 0, closes: [] };
}

function isFlanking(outer, inner) {
  if (/\s/.test(inner)) return false;
  return !PUNCTUATION.test(inner) || /\s/.test(outer) || PUNCTUATION.test(outer) || UNSPACED.test(outer);
}

/** Makes of a list of strings, parts and delimiters one of strings and parts. */
export function emphasized(items) {
  const openers = [];
  for (const item of items) if (item.closes) match(item, openers);
  const lists = [[]];
  for (const item of items) {
    if (!item.closes) lists.at(-1).push(item);
    else place(item, lists);
  }
  return lists[0];
}

/** Closes with `closer` what it can, and adds what is left of it to the openers. */
function match(closer, openers) {
  let at;
  while (closer.canClose && (at = openers.map((opener) => fits(opener, closer)).lastIndexOf(true)) >= 0) {
    const opener = openers[at];
    const size = Math.min(2, opener.count, closer.count);
    const tag = closer.char === "~" ? "del" : ["em", "strong"][size - 1];
    openers.length = at + 1;
    opener.opens++;
    closer.closes.push(tag);
    opener.count -= size;
    closer.count -= size;
    if (!opener.count) openers.pop();
    if (!closer.count) return;
  }
  if (!closer.canOpen) return;
  openers.push(closer);
  if (openers.length > MAX_OPENERS) openers.shift();
}

function fits(opener, closer) {
  if (opener.char !== closer.char || (closer.isInWord && opener.size !== closer.size)) return false;
  const isAmbiguous = opener.canClose || closer.canOpen;
  return !isAmbiguous || (opener.size + closer.size) % 3 !== 0 || opener.size % 3 === 0;
}

function place({ char, count, opens, closes }, lists) {
  for (const tag of closes) {
    const children = lists.pop();
    lists.at(-1).push({ tag, children });
  }
  if (count) lists.at(-1).push(char.repeat(count));
  while (opens--) lists.push([]);
}
