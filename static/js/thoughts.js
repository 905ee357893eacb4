// Where a text is what a model thinks before it answers: as models write it, and as Dify shows it. Knows no DOM.
// Linear in its input. Tags in code, and those after a backslash, are text.

const TOKEN = new RegExp(
  [
    /^[^\S\n]*(?:(?:[-*+>]|\d+[.)])[^\S\n]*)*(`{3,}(?=[^`\n]*$)|~{3,})/, // a fence
    /(`+)(?!`)(?:[^\n]*?[^`\n]\2(?!`))?/, // a code span
    /\\[^\n]/,
    /<\/?think>|<\/details>|<details\b[^<>]*>\s*<summary>[^<>]{0,40}(?:think|thought|思考)[^<>]{0,40}<\/summary>/,
  ].map(({ source }) => source).join("|"),
  "gim",
);
const FENCE_END = /^[^\S\n]*(?:>[^\S\n]*)*(`{3,}|~{3,})[^\S\n]*$/gm;
/** What may become such a tag. */
const HALF_TAG = /<(?:\/?[a-z]*|details\b[^<>]*(?:>\s*(?:<summary>[^<>]*)?(?:<\/?[a-z]*)?)?)$/i;

/** `text` without what may become a tag at its end, which is looked for from `at` on. */
export function withoutHalfTag(text, at) {
  const index = text.slice(at).search(HALF_TAG);
  return index < 0 ? text : text.slice(0, at + index);
}

/**
 * The pieces of `text` from `at` on, which is not in a thought: {from, to, end, isThought, isLate, isGuess}. `end` is
 * after the tag. A piece that `isLate` is a lone end: all that was answered before it was a thought. One that `isGuess`
 * ends otherwise if another end comes. To `fences` are added [from, to] of the code that was skipped.
 */
export function* piecesOf(text, at, fences) {
  for (let tag; (tag = tagAfter(text, at, /^<(?!\/d)/i, fences)); ) {
    yield { from: at, to: tag.index, end: tag.end };
    const isLate = tag.name[1] === "/";
    const close = isLate ? tag : endOfThought(text, tag);
    at = close.end;
    yield { from: tag.end, to: close.index, end: at, isThought: true, isLate, isGuess: !close.name };
  }
  yield { from: at, to: text.length, end: text.length };
}

/** An end in code counts where there is no other: a model may leave its code open. */
function endOfThought(text, { name, end: from }) {
  const close = tagAfter(text, from, /^<d/i.test(name) ? /^<\// : /^<\/t/i);
  if (close) return close;
  const index = text.slice(from).search(/<\/think>/i);
  return index < 0 ? { index: text.length, end: text.length } : { index: from + index, end: from + index + 8 };
}

/** The next {name, index, end} whose name is `wanted`, or null. */
function tagAfter(text, at, wanted, fences = []) {
  const rest = text.slice(at); // a line may begin here, after a tag
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(rest)); ) {
    const [name, fence] = match;
    if (fence) {
      TOKEN.lastIndex = afterFence(rest, TOKEN.lastIndex, fence);
      fences.push([at + match.index, at + TOKEN.lastIndex]);
    } else if (wanted.test(name)) return { name, index: at + match.index, end: at + TOKEN.lastIndex };
  }
  return null;
}

function afterFence(text, at, fence) {
  FENCE_END.lastIndex = at;
  for (let match; (match = FENCE_END.exec(text)); ) if (match[1].startsWith(fence)) return FENCE_END.lastIndex;
  return text.length;
}
