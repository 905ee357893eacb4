// A Markdown text that grows, cut into sentences that a voice can say one after the other. Knows no DOM.

import { parseInline } from "../inline.js";
import { createParser } from "../markdown-parser.js";
import { withoutHalfTag } from "../thoughts.js";
import { piecesOf, secondsOf } from "./pieces.js";
import { NOTES, speakable } from "./speakable.js";
import { stableLength, withoutOpenCode } from "./stable-prefix.js";

export const MAX_SECONDS = 12; // Chrome's network voices fall silent after some 15
const SPEAKABLE = new RegExp(`[\\p{L}\\p{N}\\p{S}${Object.values(NOTES).join("")}]`, "u");

/** Where a sentence may end: with the mark and what closes a quotation, or with the line. */
const END = /[。！？｡]+[”’」』）】》"']*|[.!?…؟۔।]+["'”’»)\]）】」』]*(?=\s|\p{Script=Han})|\n/gu;
const ABBREVIATION =
  /(?:^|[\s("“])(?:mrs?|ms|dr|prof|st|vs|etc|approx|max|min|temp|rm|tabs?|ext|figs?|nos?|vols?|pp|ch|cf|inc|ltd|tel|[a-z]|(?:[a-z]\.)+[a-z])\.$/i;
const LIST_NUMBER = /^\s*\d+\.$/;

/** Where a sentence very probably ends, if nothing follows for a while. */
const PROBABLE_END = /\p{L}{2}[.!?]["'”’»)\]]*$/u;

/** Where a first piece may end: what follows has to show it. */
const LIKELY_END = /\p{L}{2}["'”’»)\]]*[,;:.!?，；：]["'”’»)\]]*$/u;
const LIKELY_SECONDS = 0.9;

/** Stands where a part of a line begins that may turn out to be another. */
const UNSURE = "\uFDEF";

/**
 * `feed(text)` takes the whole text so far and returns the sentences that are new and complete; `end(text)` those left.
 * `pause(text)` is for when nothing has followed for a while: the last sentence, too, if it seems to be over. `likely()`
 * is what the very first will probably be, or null.
 * Where the last ones that were returned turn out to be a thought, it first calls `onWithdrawn` with their number. Of a
 * text that was replaced, begin anew.
 */
export function createSentences(maxSeconds = MAX_SECONDS, onWithdrawn = () => {}) {
  const parse = createParser();
  let length = 0; // of the text so far
  let settledCount = 0;
  let returnedCount = 0;
  let likely = null;
  let early = null; // {at, piece}: the last that was returned, if it may still go on

  const sentencesOf = (blocks, count) => cutAll(speakable(blocks), maxSeconds, count);

  function read(text, isOver, isPaused = false) {
    const decided = isOver ? text : decidedOf(withoutHalfTag(text));
    const { settled, open, isReset } = parse(decided, isOver);
    if (isReset) settledCount = 0;
    withdrawThought([...settled, ...open]);
    const before = sentencesOf(settled, settledCount);
    const sure = isOver ? speakable(open) : surePassagesOf(open);
    const after = cutAll(sure, maxSeconds, settledCount + before.length);
    const last = after.at(-1);
    const isEarly = isPaused && PROBABLE_END.test(last) && !ABBREVIATION.test(last) && !last.includes(NOTES.link);
    if (!isOver && after.length && !isEnded(last) && !isEarly) after.pop();
    const pieces = [...before, ...after];
    const fresh = early ? afterEarly(pieces) : pieces.slice(Math.max(0, returnedCount - settledCount));
    if (isEarly && fresh.length) early = { at: settledCount + pieces.length - 1, piece: last };
    likely = returnedCount + pieces.length || !isLikely(last) ? null : last;
    length = Math.max(length, decided.length);
    settledCount += before.length;
    returnedCount = Math.max(returnedCount, settledCount - before.length + pieces.length);
    return fresh;
  }

  /** What follows the piece that was returned early: it may go on after all, and may be cut otherwise then. */
  function afterEarly(pieces) {
    let said = early.piece;
    for (let at = early.at - settledCount; said; at++) {
      const [piece, others] = [pieces[at], pieces.slice(at + 1)];
      if (piece === undefined && at >= 0) return []; // not yet whole
      if (piece?.startsWith(said)) {
        const more = piece.slice(said.length).trim();
        if (more || others.length) early = null;
        return more ? [more, ...others] : others;
      }
      if (!piece || !said.startsWith(piece)) break;
      said = said.slice(piece.length).trim();
    }
    early = null;
    return pieces.slice(Math.max(0, returnedCount - settledCount));
  }

  /** Where a thought has ended since the last time, nothing after its beginning was a sentence of the answer. */
  function withdrawThought(blocks) {
    const at = blocks.findIndex(({ tag, end }) => tag === "details" && end > length);
    if (at < 0) return;
    const count = settledCount + sentencesOf(blocks.slice(0, at), settledCount).length;
    if (returnedCount > count) onWithdrawn(returnedCount - count);
    returnedCount = Math.min(returnedCount, count);
    if (early?.at >= count) early = null;
  }

  return {
    feed: (text) => read(text, false),
    pause: (text) => read(text, false, true),
    end: (text) => read(text, true),
    likely: () => likely,
  };
}

/** `text` without a last line that may still begin a block, go on with the one before, or be the row of a table. */
function decidedOf(text) {
  const from = text.lastIndexOf("\n") + 1;
  const line = text.slice(from);
  const lineBefore = text.slice(text.lastIndexOf("\n", from - 2) + 1, from);
  const isStart = from > 0 && (!/\p{L}/u.test(line) || /^\s*```/.test(line));
  const isRow = lineBefore.includes("|") && !line.includes("|");
  return text.slice(0, from) + (isStart || isRow ? "" : withoutOpenCode(line));
}

/** What `speakable` says of blocks, as far as it stays so whatever comes after them. */
function surePassagesOf(blocks) {
  const passages = speakable(withMark(blocks));
  const last = passages.pop() ?? "";
  if (endsInTable(blocks)) return passages; // its last row may go on
  const [sure, unsure] = last.split(UNSURE);
  return [...passages, unsure === undefined ? last : sure.slice(0, -1)]; // without the sign that is not closed
}

function endsInTable(blocks) {
  const last = blocks?.at(-1);
  return last?.tag === "table" || (last?.tag && endsInTable(last.children));
}

/** `blocks`, of whose last text no more is there than is sure. */
function withMark(blocks) {
  const last = blocks?.at(-1);
  if (!last?.tag || last.tag === "table") return blocks;
  const { text, children } = last;
  const inside = text === undefined ? withMark(children) : surePartsOf(text);
  return [...blocks.slice(0, -1), { ...last, text: undefined, children: inside }];
}

function surePartsOf(text) {
  const length = text.includes("|") ? 0 : stableLength(text); // what has bars may become a table
  return length < text.length ? [...parseInline(text.slice(0, length + 1)), UNSURE] : parseInline(text);
}

/** A Chinese sentence needs no space after it; but the mark that closes a quotation may be still to come. */
function isEnded(text) {
  const isClosed = text.split(/[“「『（]/).length === text.split(/[”」』）]/).length;
  return isClosed && /[。！？][”’」』）】]*$/.test(text);
}

const isLikely = (text) => LIKELY_END.test(text) && !ABBREVIATION.test(text) && secondsOf(text) >= LIKELY_SECONDS;

/** The pieces that can be said, of an answer of which `count` came before. */
function cutAll(passages, maxSeconds, count) {
  const pieces = [];
  for (const sentence of passages.flatMap(cut)) {
    pieces.push(...piecesOf(sentence, maxSeconds, count + pieces.length).filter((piece) => SPEAKABLE.test(piece)));
  }
  return pieces;
}

function cut(passage) {
  const sentences = [];
  let from = 0;
  for (const { 0: mark, index } of passage.matchAll(END)) {
    const end = index + mark.length;
    if (goesOn(passage.slice(Math.max(from, end - 24), end).trimEnd(), mark, passage.slice(end))) continue;
    sentences.push(passage.slice(from, end));
    from = end;
  }
  return [...sentences, passage.slice(from)].map((sentence) => sentence.replace(/\s+/g, " ").trim());
}

/** Whether a mark is not the end of a sentence, because of what is before or after it. */
function goesOn(before, mark, after) {
  if (/[。！？｡]/.test(mark)) return false;
  if (/^\S/.test(after) && mark !== "\n" && !/\p{Script=Han}[.!?]+$/u.test(before)) return true;
  return ABBREVIATION.test(before) || LIST_NUMBER.test(before) || /^\s*\p{Ll}/u.test(after);
}
