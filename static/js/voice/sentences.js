// A Markdown text that grows, cut into sentences that a voice can say one after the other. Knows no DOM.

import { isUndecided, kindOf, plainLine, withoutThoughts } from "./plain.js";

export const MAX_SECONDS = 12; // Chrome's network voices fall silent after some 15
const SECONDS_PER_LETTER = 1 / 15;
const SECONDS_PER_SIGN = 1 / 4.5; // a Chinese character, or a digit read aloud

const SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]/u;
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}，。；：！？、…]/u;
const CLOSING = "[\"'”’»）)\\]」』】]*";
const END = new RegExp(`[。！？!?]+${CLOSING}|\\.+${CLOSING}|…+${CLOSING}`, "gu");
const ABBREVIATION = new RegExp(
  "(?:^|[\\s(\"“])(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|approx|fig|no|nos|vol|dept|inc|ltd|co|tel|ca|cf|al|" +
    "jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|[a-z]|(?:[a-z]\\.)+[a-z])$",
  "i",
);
const PAUSES = [/[；;：:，,、—](?!\d)\s*/gu, /\s+/gu];

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
  let settled = 0; // up to here (UTF-16 units, thoughts left out) whole lines are read
  let paragraph = ""; // what they left unsaid, plain
  let said = 0; // how much of the paragraph, with the line that still grows, was returned
  let fence = "";
  let inTable = false;
  let out = [];

  function read(text, isOver) {
    out = [];
    const shown = isOver ? withoutThoughts(`${text}\n`) : withoutThoughts(text);
    for (let end; (end = shown.indexOf("\n", settled)) >= 0; settled = end + 1) {
      const line = shown.slice(settled, end);
      if (mayHeadTable(line) && !isOver && shown.indexOf("\n", end + 1) < 0) return out;
      readLine(line, shown.slice(end + 1));
    }
    if (isOver) say(true);
    else grow(shown.slice(settled));
    return out;
  }

  const mayHeadTable = (line) => !fence && kindOf(line) === "text" && line.includes("|");

  function readLine(line, following) {
    if (readCode(line)) return;
    const kind = kindOf(line);
    const headsTable = mayHeadTable(line) && kindOf(following.split("\n", 1)[0]) === "ruler";
    inTable = kind === "ruler" || kind === "table" || headsTable || (inTable && line.includes("|"));
    if (inTable || kind !== "text") say(true);
    if (inTable || kind === "blank") return;
    paragraph = joined(paragraph, plainLine(line));
    say(kind === "block");
  }

  /** Whether the line belongs to code. */
  function readCode(line) {
    const mark = kindOf(line) === "fence" && line.trim().match(/^(?:`+|~+|\$\$)/)[0];
    if (!fence && !mark) return false;
    if (fence) fence = mark && mark.startsWith(fence) ? "" : fence;
    else {
      say(true);
      if (!(mark === "$$" && line.trim().length > 2)) fence = mark;
    }
    return true;
  }

  /** The last line, which still grows: only its complete sentences, and those stay in `paragraph` until it is whole. */
  function grow(line) {
    const kind = kindOf(line);
    if (fence || inTable || isUndecided(line) || mayHeadTable(line) || kind === "table" || kind === "fence") return;
    if (kind !== "text") say(true);
    const before = paragraph;
    paragraph = joined(paragraph, plainLine(line, false));
    say(false);
    paragraph = before;
  }

  /** Returns the sentences of the paragraph; with `isOver` also its last. */
  function say(isOver) {
    for (let end; (end = nextEnd(paragraph.slice(said), isOver, maxSeconds)) > 0; said += end) {
      const sentence = paragraph.slice(said, said + end).trim();
      if (/[\p{L}\p{N}]/u.test(sentence)) out.push(sentence);
    }
    if (isOver) [paragraph, said] = ["", 0];
  }

  return { feed: (text) => read(text, false), end: (text) => read(text, true) };
}

function joined(paragraph, line) {
  const next = line.trimStart();
  if (!paragraph || !next) return paragraph + next;
  return WIDE.test(paragraph.at(-1)) && WIDE.test(next[0]) ? paragraph + next : `${paragraph.trimEnd()} ${next}`;
}

/** Where the first sentence of `text` ends, cut where it would take too long; 0 where that is still open. */
function nextEnd(text, isOver, maxSeconds) {
  const end = sentenceEnd(text, isOver) || (isOver ? text.length : 0);
  const limit = lengthOf(text, maxSeconds);
  if (end ? end <= limit : text.length <= limit) return end;
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
    seconds += SIGN.test(char) ? SECONDS_PER_SIGN : SECONDS_PER_LETTER;
    if (seconds > maxSeconds) return length;
    length += char.length;
  }
  return length;
}

function sentenceEnd(text, isOver) {
  for (const { 0: mark, index } of text.matchAll(END)) {
    const end = index + mark.length;
    if (/[。！？]/.test(mark) && (isOver || end < text.length || !isQuoting(text))) return end;
    if (endsHere(text.slice(0, index), mark, text.slice(end))) return end;
  }
  return 0;
}

/** Whether the mark that closes the quotation is still to come. */
const isQuoting = (text) => text.lastIndexOf("“") > text.lastIndexOf("”") || text.lastIndexOf("「") > text.lastIndexOf("」");

/** A point, or a mark of the Latin script: an end only where white space follows, and then no small letter. */
function endsHere(before, mark, after) {
  const next = /^\s+(\S)/.exec(after)?.[1];
  if (!next || /\p{Ll}/u.test(next)) return mark[0] === "…" && WIDE.test(after[0] ?? "");
  if (mark[0] !== "." || mark.startsWith("..")) return true;
  return !ABBREVIATION.test(before) && !/^\s*\d+$/.test(before);
}
