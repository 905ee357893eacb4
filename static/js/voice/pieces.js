// A sentence in pieces that a voice can say one after the other. Where it is cut depends on the text alone: what is
// cut off at the start of a sentence stays so, however the sentence goes on. Knows no DOM.

const SECONDS_PER_LETTER = 1 / 15;
const SECONDS_PER_SIGN = 1 / 4.5; // a Chinese character, or a digit read aloud
const SIGN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{N}]/u;

/** Up to where a long sentence is said first: a mark. */
const MARKED_PAUSE = /^.*(?:[；：，、—](?!\s*\d)|[;:,](?=\s))\s*(?=.)/su;
/** Where there is none, the best first: not within a number, a number and its unit, or a word. */
const PAUSES = [
  /^.*[^\p{N}\p{S}\p{Pd}/\s]\s+(?=.)/su,
  /^.*\s(?=.)/su,
  /^.*[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]{3}(?=\p{L})/su,
  /^.+(?=[^\p{M}\p{N}])/su,
];

/** An answer begins with clauses, for it to be heard early: its first piece, and its second, last at least so long. */
const SHORTEST_CLAUSES = [1, 2]; // seconds, as all of these
const MARK_WITHIN = 2.5; // for the first; without a mark by then, it is cut between words
const AROUND = 1; // what is looked at after a cut, and the shortest rest
const LETTERS_BEFORE = 8;

const CLAUSE_MARK = /[\p{L}\p{M}]{2}["”’»)\]）】」』]*(?:[,;:](?=\s(?!(?:inc|ltd|jr|sr|m\.?d|ph\.?d)\b))|[，；：])/giu;
const MARK = /[,;:，；：]/;
/** Between words that belong to two parts of a sentence, in English and in Chinese. */
const JOINT = new RegExp(
  String.raw`\p{Ll}{3} (?=(?:and|but|because|which|that|while|for|with|from|to|in|on|at|by) \p{Ll})|` +
    String.raw`\p{Script=Han}{2}(?=但是|因为|所以|然后|并且|而且|以及)`,
  "gu",
);
/** What is near no cut, since it may belong to what is on its other side. */
const FIGURES = /[\p{N}\p{S}%％‰]/u;
const NUMBER =
  "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|" +
  "(?:hundred|thousand|[mb]illion|dozen|quarter|third)s?|couple|half|double|once|twice|times|more|less|fewer|than|most|least|" +
  "every|each|per|up to|maximum|minimum";
const NOT =
  "no|not|cannot|none|nobody|nothing|nowhere|never|neither|nor|without|only|unless|except|hardly|barely|rarely|avoid|stop|" +
  "instead|forbidden";
const NUMBER_OR_NOT = new RegExp(
  String.raw`\b(?:${NUMBER}|${NOT})\b|n['’]t\b|[\p{N}零一二两三四五六七八九十百千万半几倍每次至超不没别勿未只无禁避非除免莫]`,
  "iu",
);
/** Words by which verbalise.js knows what numbers are that come later. */
const MEASURED = /\bBP\b|pressure|mm ?hg|血压|汞柱|ratio|dilution|score|比例|比分|稀释|配比/i;

/** Some idea of how long saying `text` takes, at the usual speed. */
export function secondsOf(text) {
  let seconds = 0;
  for (const char of text) seconds += SIGN.test(char) ? SECONDS_PER_SIGN : SECONDS_PER_LETTER;
  return seconds;
}

/** The pieces of `sentence`, each of at most so many seconds; `count` pieces of the answer came before. */
export function piecesOf(sentence, maxSeconds, count) {
  const pieces = [];
  for (let rest = sentence; rest; rest = rest.slice(pieces.at(-1).length)) {
    const length = clauseOf(rest, SHORTEST_CLAUSES[count + pieces.length], maxSeconds);
    pieces.push(pieceOf(rest.slice(0, length || undefined), maxSeconds));
  }
  return pieces.map((piece) => piece.trim());
}

/** How much of `text` can be said in so many seconds. */
function lengthIn(text, seconds) {
  let length = 0;
  for (const char of text) {
    seconds -= secondsOf(char);
    if (seconds < 0) break;
    length += char.length;
  }
  return length;
}

/** As much of `text` as can be said in so many seconds, up to a pause if there is one. */
function pieceOf(text, maxSeconds) {
  const length = lengthIn(text, maxSeconds);
  if (length === text.length) return text;
  const piece = text.slice(0, length);
  const limit = lengthIn(piece, maxSeconds - AROUND);
  const isPlain = (at) => at < limit && isPlainAt(piece, at);
  const first = (isFit) => PAUSES.reduce((start, pattern) => start ?? startOf(piece, pattern, isFit), null);
  return startOf(piece, MARKED_PAUSE, any) ?? first(isPlain) ?? first(any) ?? piece;
}

const any = () => true;

/** What is up to a pause in `piece` that is fit for a cut, the longest that is worth saying apart, or null. */
function startOf(piece, pattern, isFit) {
  let start = piece;
  do start = pattern.exec(start)?.[0] ?? "";
  while (start.length > piece.length / 4 && !isFit(start.length));
  return start.length > piece.length / 4 ? start : null;
}

/** The length of the first clause of `sentence` that lasts `shortest` seconds; 0 where none is to be said apart. */
function clauseOf(sentence, shortest, maxSeconds) {
  if (!shortest) return 0;
  const text = sentence.slice(0, lengthIn(sentence, maxSeconds));
  const within = (seconds) => (at) => at <= lengthIn(text, seconds);
  const isDue = (at) => secondsOf(text.slice(0, at)) >= shortest && isClause(text, at);
  const isFirst = shortest === SHORTEST_CLAUSES[0];
  const marks = cutsOf(text, CLAUSE_MARK).filter(within(maxSeconds - AROUND)).filter(isDue);
  if (!isFirst || marks.some(within(MARK_WITHIN)) || secondsOf(text) < MARK_WITHIN + AROUND) return marks[0] ?? 0;
  const isPlain = (at) => !NUMBER_OR_NOT.test(text.slice(0, at) + after(text, at)) && !MARK.test(after(text, at));
  const joints = cutsOf(text, JOINT).filter(within(MARK_WITHIN)).filter(isDue).filter(isPlain);
  return joints.pop() ?? marks[0] ?? 0;
}

const cutsOf = (text, pattern) => [...text.matchAll(pattern)].map(({ 0: mark, index }) => index + mark.length);

/** What is said about a second after a cut, and before it, in whole words. */
const after = (text, at) => text.slice(at, at + lengthIn(text.slice(at), AROUND));
function before(text, at) {
  let from = at;
  for (let seconds = 0; from && (seconds < AROUND || /[a-z’']/i.test(text[from - 1])); from--) {
    seconds += secondsOf(text[from - 1]);
  }
  return text.slice(from, at);
}

/** Whether a cut is far from all that changes what is said. */
function isPlainAt(text, at) {
  const around = before(text, at) + after(text, at);
  return !NUMBER_OR_NOT.test(around) && !FIGURES.test(around);
}

/** Whether what is before and after a cut can be said apart. */
function isClause(text, at) {
  const start = text.slice(0, at);
  const count = (pattern) => start.split(pattern).length;
  const isOpen = count(/[([{<（【「『“«]/) !== count(/[)\]}>）】」』”»]/) || count('"') % 2 === 0;
  const isLast = secondsOf(text.slice(at)) < AROUND;
  return !isLast && !isOpen && !MEASURED.test(start) && !FIGURES.test(start.slice(-LETTERS_BEFORE) + after(text, at));
}
