// What the microphone heard of the page's own voice. Pure. Times are milliseconds of one clock.

import { wordsOf } from "./phrases.js";

const FEWEST_WORDS = 4; // in a row: fewer may be a coincidence
const FEWEST_HAN = 6;
const HAN = /^\p{Script=Han}/u;
const WORD_MS = 250; // as a quick voice says them
const SIGN_MS = 160;
const LATE_MS = 1_500; // after the page fell silent, what is told of may still be its voice
const UNDERWAY_MS = 400; // from the page to the microphone
const END_OF_RUN = /^[.,;:!?…)\]}”’»。，、；：！？」』）】]*\s*/;

/**
 * The text of `heard` without the page's own words at its start, letter for letter. They go if they are a run of the
 * last that the page said, long enough for `isEnough(run)`, and can be its voice by the time: who answers in the page's
 * own words begins when it is silent. `heard` is {text, from, endsAt}: from when to when it was heard. `page` is {said,
 * hushedAt}: its sentences {text, from} in order, and when it fell silent, Infinity while it speaks.
 */
export function withoutEcho(heard, page, isEnough = isLong) {
  const words = wordsOf(heard.text);
  const length = longestRun(words, ownWords(heard, page));
  const isNothingElse = length === words.length && heard.endsAt <= page.hushedAt + LATE_MS;
  const run = words.slice(0, isNothingElse ? length : Math.min(length, possible(words, heard, page)));
  return run.length && isEnough(run) ? heard.text.slice(run.at(-1).end).replace(END_OF_RUN, "") : heard.text;
}

/**
 * Whether all of it is the page's voice, where the microphone shows that nobody else spoke: a whole sentence, or long
 * runs with single words between them that were taken for others.
 */
export function isOwnVoice(heard, page) {
  if (heard.endsAt > page.hushedAt + LATE_MS) return false;
  const words = wordsOf(heard.text);
  const own = ownWords(heard, page);
  const isMisheard = (_, at) => at + words.length <= own.length && runsOf(words, own.slice(at)).every(isLong);
  const isSame = (sentence) => sentence.length === words.length && runsOf(words, sentence).length === 1;
  return own.some(isMisheard) || page.said.some(({ text }) => isSame(compared(text)));
}

function isLong(run) {
  const count = (isOne) => run.filter(isOne).length;
  return count(({ word }) => HAN.test(word)) >= FEWEST_HAN || count(({ isSign }) => !isSign) >= FEWEST_WORDS;
}

/** Of the sentences that may have been in the room by then. */
function ownWords({ from }, { said }) {
  const isRecent = (_, at) => !(said[at + 1]?.from < from - UNDERWAY_MS);
  return said.filter(isRecent).flatMap(({ text }) => compared(text));
}

const compared = (text) => wordsOf(text).map(({ word }) => word);

/** How many of the first words stand somewhere in `own`, in the same order and without a gap. */
function longestRun(words, own) {
  const lengths = own.map((_, start) => {
    const other = words.findIndex(({ word }, at) => word !== own[start + at]);
    return other < 0 ? words.length : other;
  });
  return Math.max(0, ...lengths);
}

/** How many of the first words the page can have said while it was heard. */
function possible(words, { from }, { hushedAt }) {
  let left = hushedAt + UNDERWAY_MS - from;
  const tooMany = words.findIndex(({ isSign }) => (left -= isSign ? SIGN_MS : WORD_MS) < 0);
  return tooMany < 0 ? words.length : tooMany;
}

/** The runs of words that are the same in both, between those that are not. */
function runsOf(words, own) {
  const runs = [[]];
  words.forEach((word, at) => (word.word === own[at] ? runs.at(-1).push(word) : runs.push([])));
  return runs;
}
