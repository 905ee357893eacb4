// A Markdown text that grows, cut into sentences that a voice can say one after the other. Knows no DOM.

import { partsOf } from "../inline.js";
import { createParser } from "../markdown.js";

export const MAX_SECONDS = 12; // Chrome's network voices fall silent after some 15
const SECONDS_PER_LETTER = 1 / 15;
const SECONDS_PER_SIGN = 1 / 4.5; // a Chinese character, or a digit read aloud

const SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]/u;
const ABBREVIATION =
  /(?:^|[\s("“])(?:mr|mrs|ms|dr|prof|st|vs|etc|approx|fig|nos?|vol|inc|ltd|tel|[a-z]|(?:[a-z]\.)+[a-z])\.\s*$/i;
const NUMBER = /^\s*\d+\.\s*$/;
const UP_TO_PAUSE = [/^.*[；;：:，,、—](?!\d)\s*(?=.)/su, /^.*\s(?=.)/su];
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " };

const SILENT = new Set(["details", "pre", "table"]);
const CONTAINERS = new Set(["blockquote", "li", "ol", "ul"]);

/** What is left to do with the text of a block before it can be said, in this order. */
const CLEANERS = [
  [/^(\d+\. )?\[[ xX]\]\s+/, "$1"],
  [/!?\[([^[\]]*)\]\([^()]*\)/g, "$1"], // a link to where the page does not link
  [/\[\^?[\d,\s]+\]|【[^【】]*】/g, ""], // marks of footnotes and sources
  [/\$\$[^$]*(?:\$\$|$)/g, ""],
  [/<\/?[a-z][^<>]*>/gi, " "],
  [/&(#?\w+);/g, (entity, name) => ENTITIES[name] ?? entity],
  [/(\s[*`~](?=\s))|[*`~]+/g, "$1"], // a times sign has space around it
  [/[\p{Extended_Pictographic}\u{1F1E6}-\u{1F1FF}\u{1F3FB}-\u{1F3FF}\u200D\uFE0F\u20E3]+/gu, ""],
  [/([\u3000-\u9FFF\uFF00-\uFFEF…])\s*\n\s*(?=[\u3000-\u9FFF])/g, "$1"], // Chinese and Japanese have no spaces
  [/\s+/g, " "],
  [/ (?=[,.;!?，。；！？])/g, ""],
];

const segmenter = Intl.Segmenter && new Intl.Segmenter(undefined, { granularity: "sentence" });
export const canCut = Boolean(segmenter);

/** Some idea of how long saying `text` takes, at the usual speed. */
export function secondsOf(text) {
  let seconds = 0;
  for (const char of text) seconds += SIGN.test(char) ? SECONDS_PER_SIGN : SECONDS_PER_LETTER;
  return seconds;
}

/**
 * `feed(text)` takes the whole text so far and returns the sentences that are new and complete; `end(text)` those left.
 * What is once returned is never taken back: of a text that was replaced, begin anew.
 */
export function createSentences(maxSeconds = MAX_SECONDS) {
  const parse = createParser();
  let said = 0; // how many sentences after the settled blocks were returned

  const sentencesOf = (block) => passagesOf(block).map((passage) => cut(passage, maxSeconds));

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
function isEnded(text) {
  const isClosed = text.split(/[“「『（]/).length === text.split(/[”」』）]/).length;
  return isClosed && /[。！？][”’」』）】]*$/.test(text);
}

/** The texts of a block that stand for themselves. */
const passagesOf = (block) => wordsOf(block).split("\n\n").map(clean);
const clean = (text) => CLEANERS.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text);

/** Blocks in a block are a blank line apart. A link is said by its words, never by its address. */
function wordsOf(part) {
  const { tag, href, start } = part;
  if (!tag) return part;
  if (tag === "br") return "\n";
  if (SILENT.has(tag)) return "";
  const said = partsOf(part).filter((child) => child !== href).map(wordsOf);
  const words = tag === "ol" ? said.map((item, at) => `${start + at}. ${item}`) : said.filter(Boolean);
  return words.join(CONTAINERS.has(tag) ? "\n\n" : "");
}

function cut(passage, maxSeconds) {
  const sentences = [""];
  for (const { segment } of segmenter.segment(passage)) {
    if (goesOn(sentences.at(-1), segment)) sentences.push(sentences.pop() + segment);
    else sentences.push(segment);
  }
  const pieces = sentences.flatMap((sentence) => piecesOf(sentence.trim(), maxSeconds));
  return pieces.map((piece) => piece.trim()).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}

/** Where the standard's rules see an end, and a reader sees none. */
const goesOn = (before, after) => ABBREVIATION.test(before) || NUMBER.test(before) || /^\s*\p{Ll}/u.test(after);

function piecesOf(sentence, maxSeconds) {
  const pieces = [];
  for (let rest = sentence; rest; rest = rest.slice(pieces.at(-1).length)) pieces.push(pieceOf(rest, maxSeconds));
  return pieces;
}

/** As much of `text` as can be said in so many seconds, up to a pause if there is one. */
function pieceOf(text, maxSeconds) {
  let seconds = 0;
  let length = 0;
  for (const char of text) {
    seconds += secondsOf(char);
    if (seconds > maxSeconds) break;
    length += char.length;
  }
  if (length === text.length) return text;
  const piece = text.slice(0, length);
  const shorter = UP_TO_PAUSE.map((pattern) => pattern.exec(piece)?.[0] ?? "");
  return shorter.find((start) => start.length > length / 4) ?? piece;
}
