// A Markdown text that grows, cut into sentences that a voice can say one after the other. Knows no DOM.

import { parseInline } from "../inline.js";
import { createParser } from "../markdown.js";

export const MAX_SECONDS = 12; // Chrome's network voices fall silent after some 15
const SECONDS_PER_LETTER = 1 / 15;
const SECONDS_PER_SIGN = 1 / 4.5; // a Chinese character, or a digit read aloud

const SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]/u;
const ABBREVIATION =
  /(?:^|[\s("“])(?:mr|mrs|ms|dr|prof|st|vs|etc|approx|fig|nos?|vol|inc|ltd|tel|[a-z]|(?:[a-z]\.)+[a-z])\.\s*$/i;
const PAUSES = [/[；;：:，,、—](?!\d)\s*/gu, /\s+/gu];
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " " };

/** What is left to do with the text of a block before it can be said, in this order. */
const CLEANERS = [
  [/^\[[ xX]\]\s+/, ""],
  [/!?\[([^\]]*)\]\([^)]*\)/g, "$1"], // a link to where the page does not link
  [/\[\^?[\d,\s]+\]|【[^】]*】/g, ""], // marks of footnotes and sources
  [/\$\$[^$]*(?:\$\$|$)/g, ""],
  [/<\/?[a-z][^>]*>/gi, " "],
  [/&#?\w+;/g, (entity) => ENTITIES[entity] ?? entity],
  [/(?<!\s)[*`~]+|[*`~]+(?!\s)/g, ""], // a times sign has space around it
  [/(?:\p{Extended_Pictographic}|[\u{1F1E6}-\u{1F1FF}\u{1F3FB}-\u{1F3FF}\u200D\uFE0F\u20E3])+/gu, ""],
  [/([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}，。；：！？、…])\s*\n\s*(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])/gu, "$1"],
  [/\s+/g, " "],
  [/ (?=[,.;!?，。；！？])/g, ""],
];

const segmenter = globalThis.Intl?.Segmenter && new Intl.Segmenter(undefined, { granularity: "sentence" });
export const canCut = Boolean(segmenter);

/** Some idea of how long saying `text` takes, at the usual speed. */
export function secondsOf(text) {
  let seconds = 0;
  for (const char of text) seconds += SIGN.test(char) ? SECONDS_PER_SIGN : SECONDS_PER_LETTER;
  return seconds;
}

/**
 * `feed(text)` takes the whole text so far and returns the sentences that are new and complete; `end(text)` those that are
 * left. What is once returned is never taken back: of a text that was replaced, begin anew.
 */
export function createSentences(maxSeconds = MAX_SECONDS) {
  const parse = createParser();
  const sentencesOf = (block) => passagesOf(block).map((passage) => cut(passage, maxSeconds));
  let said = 0; // how many sentences after the settled blocks were returned

  function read(text, isOver) {
    const { settled, open } = parse(text);
    const before = settled.flatMap(sentencesOf).flat();
    const after = open.map(sentencesOf);
    if (!isOver) holdBack(open, after);
    const fresh = [...before, ...after.flat(2)].slice(said);
    said += fresh.length - before.length;
    return fresh;
  }

  return { feed: (text) => read(text, false), end: (text) => read(text, true) };
}

/** Takes away what may still become something else: the last sentence, and what may turn out to be a table. */
function holdBack(blocks, sentences) {
  const last = sentences.at(-1)?.at(-1);
  if (last && !isEnded(last.at(-1) ?? "")) last.pop();
  const table = blocks.findIndex(({ text }) => text?.includes("|"));
  if (table >= 0) sentences.splice(table);
}

/** A Chinese sentence needs no space after it; but the mark that closes a quotation may be still to come. */
const isEnded = (text) => /[。！？][”’」』）】]*$/.test(text) && count(text, /[“「『（]/g) === count(text, /[”」』）]/g);
const count = (text, mark) => text.match(mark)?.length ?? 0;

/** The plain texts of a block that stand for themselves. Code, tables, rules and thoughts have none. */
function passagesOf({ tag, text, start, children }) {
  if (text !== undefined) return [clean(plain(parseInline(text)))];
  if (tag === "blockquote" || tag === "li") return children.flatMap(passagesOf);
  if (tag !== "ul" && tag !== "ol") return [];
  return children.flatMap((item, at) => {
    const [first = "", ...more] = passagesOf(item);
    return [tag === "ol" ? `${start + at}. ${first}` : first, ...more];
  });
}

/** Addresses are left out: a link is said by its words. */
function plain(parts) {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if (part.tag === "br") return "\n";
    return part.children[0] === part.href ? "" : plain(part.children);
  }).join("");
}

const clean = (text) => CLEANERS.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text);

function cut(passage, maxSeconds) {
  const sentences = [];
  for (const { segment } of segmenter.segment(passage)) {
    if (sentences.length && goesOn(sentences.at(-1), segment)) sentences.push(sentences.pop() + segment);
    else sentences.push(segment);
  }
  const pieces = sentences.flatMap((sentence) => piecesOf(sentence.trim(), maxSeconds));
  return pieces.filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}

/** Where the standard's rules see an end, and a reader sees none. */
const goesOn = (before, after) => ABBREVIATION.test(before) || /^\s*\d+\.\s*$/.test(before) || /^\s*\p{Ll}/u.test(after);

/** Cuts what would take too long at its pauses. */
function piecesOf(sentence, maxSeconds) {
  const pieces = [];
  let rest = sentence;
  for (let limit; (limit = lengthOf(rest, maxSeconds)) < rest.length; ) {
    const at = pauseBefore(rest, limit);
    pieces.push(rest.slice(0, at).trim());
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}

function pauseBefore(text, limit) {
  for (const pause of PAUSES) {
    const ends = [...text.slice(0, limit).matchAll(pause)].map(({ 0: mark, index }) => index + mark.length);
    const last = ends.findLast((at) => at < limit && at > limit / 4);
    if (last) return last;
  }
  return limit;
}

/** How much of `text`, in UTF-16 units, can be said in so many seconds. */
function lengthOf(text, maxSeconds) {
  let seconds = 0;
  let length = 0;
  for (const char of text) {
    seconds += secondsOf(char);
    if (seconds > maxSeconds) return length;
    length += char.length;
  }
  return length;
}
