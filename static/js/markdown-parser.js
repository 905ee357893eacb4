// Markdown to a tree, of which the page draws what the voice says and what is copied. Knows no DOM.
// Linear in its input: patterns are anchored, nesting is bounded.
// Left out on purpose: raw HTML, indented code, underlined headings (in answers these are accidents), references.
//
// A part is {tag, children, …} or {tag, text, …}, whose text is still to be read: partsOf (inline.js) gives its parts,
// which are strings or parts. Blocks: p, h1 to h6 {level: in the page's outline}, hr, blockquote, ul, ol {start}, li
// {value?, checked?}, table > thead and tbody > tr > th or td {align}, pre {language}, math {isDisplay}, footnote
// {label},
// and details, which is a thought. In a block: a {href, title?}, img {href, title?}, code, em, strong, del, br, span,
// math, and ref, which is the mark of a source or a footnote.

import { AFTER_FORMULA, endOfDisplay } from "./formulas.js";
import { literal } from "./inline.js";
import { dedent, indentOf, isBlank, lineAt, next, take } from "./line-reader.js";
import { MONEY, UNIT } from "./quantities.js";
import { readTable, startsTable } from "./table-parser.js";
import { piecesOf, withoutHalfTag } from "./thoughts.js";

const { raw } = String;
const MAX_NESTING = 16;

const FENCE = /^\s*(`{3,}(?=[^`]*$)|~{3,})\s*(.*)/;
const FENCE_END = /^\s*(`{3,}|~{3,})\s*$/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>(?![\d=]) ?/; // not ">5 mg"
/** A line that says what is too much, and begins as a quotation would: "> 38.5 °C", "> 120/80"; not "> 3 steps". */
const LIMIT = new RegExp(
  raw`^ {0,3}> {1,3}[*_]{0,3}(?:${MONEY}\d|` +
    raw`(?!\d+(?:年|月\d|[点种条张家项章位名件]|个(?!月|小时|工作日|星期)| (?:item|piece|point|page|step|person|people)))` +
    raw`[-–]?\.?\d[\d.,]*[*_]{0,3}(?:\s?[-–~]\s?\d[\d.,]*)?(?:/\d|\s?${UNIT}(?! ago)))`,
  "iu",
);
const FOOTNOTE = /^( {0,3})(\[\^[^\s[\]]+\]:)(\s*)(.*)/s;
const MARKER = /^([ \t]*)([-*+]|\d{1,9}[.)])(?!\S)(\s*)(.*)/s; // a longer number is a word
const CLEAR_MARKER = /^\s*(?:[-*+]|0*1[.)])\s+\S/; // a list after a paragraph has words, and counts from one
const TASK = /^\[([ xX])\]\s+(?=\S)/;

/** What tells that a block begins with the next line, and what reads it. */
const KINDS = [
  [(line) => FENCE.exec(line), readFence],
  [endOfDisplay, readFormula],
  [(line) => HEADING.exec(line), readHeading],
  [(line) => RULE.test(line), readRule],
  [(line) => QUOTE.test(line) && !LIMIT.test(line), readQuote],
  [(line) => FOOTNOTE.exec(line), readFootnote],
  [markerOf, readList],
  [startsTable, readTable],
];

/**
 * Reads a text that grows: returns {settled, open, isReset}. `settled` are the blocks, new since the last time, that
 * will not change any more. Where `isReset`, what was settled did change, and these are all from the beginning. Until
 * the text `isOver`, what may become the tag of a thought is left out.
 */
export function createParser() {
  const blocks = [];
  let settled = 0;
  let thought = {}; // the latest: {from, read}

  function readThought(text, from) {
    if (thought.from !== from) thought = { from, read: createReader() };
    return thought.read(text);
  }

  return (text, isOver = false) => {
    const before = settled;
    const last = blocks[before - 1];
    blocks.length = before;
    settled = readOn(blocks, isOver ? text : withoutHalfTag(text, endOf(blocks)), readThought);
    const isReset = blocks[before - 1] !== last;
    return { settled: blocks.slice(isReset ? 0 : before, settled), open: blocks.slice(settled), isReset };
  };
}

/** All blocks of a text that is over. */
export function blocksOf(text) {
  const { settled, open } = createParser()(text, true);
  return [...settled, ...open];
}

/** Reads a text without thoughts that grows: returns all its blocks; what did not change are the same objects. */
function createReader() {
  let blocks = [];

  return (text) => {
    const settled = blocks.slice(0, -2);
    blocks = endOf(settled) <= text.length ? settled : [];
    const at = endOf(blocks);
    for (const block of parse(text.slice(at), 1)) blocks.push({ ...block, end: at + block.end });
    return blocks;
  };
}

/**
 * Adds to `blocks`, which are settled, those after them, and returns how many of all are settled then. What is appended
 * can change the last two blocks; those on a line with thoughts, until it is whole; and those in what may be a fence.
 */
function readOn(blocks, text, readThought) {
  const fences = [];
  const lastLine = text.lastIndexOf("\n");
  let sure = blocks.length;
  let unsure = Infinity;
  for (const { from, to, end, isThought, isLate, isGuess } of piecesOf(text, endOf(blocks), fences)) {
    if (!isThought) {
      addTo(blocks, text.slice(from, to), from);
      continue;
    }
    const count = isLate ? countToThought(blocks) : blocks.length;
    const children = isLate ? blocks.slice(count) : readThought(text.slice(from, to), from);
    if (children.length) blocks.splice(count, Infinity, { ...part("details", children), end });
    sure = Math.min(sure, count);
    if (end <= lastLine && !isGuess) sure = blocks.length;
    else unsure = Math.min(unsure, Math.max(sure, count - 3));
  }
  let settled = Math.min(unsure, Math.max(sure, blocks.length - 2));
  while (fences.some(([from, to]) => from < endOf(blocks, settled) && endOf(blocks, settled) < to)) settled--;
  return settled;
}

function addTo(blocks, text, from) {
  for (const { end, ...block } of parse(text, 0)) {
    blocks.push({ ...block, ...levelOf(block, blocks), end: from + Math.min(end, text.length) });
  }
}

const endOf = (blocks, count = blocks.length) => blocks[count - 1]?.end ?? 0;

/** How many blocks there are up to the last thought. */
function countToThought(blocks) {
  let count = blocks.length;
  while (count && blocks[count - 1].tag !== "details") count--;
  return count;
}

/** Where a heading stands in the page's outline: below the page's own, and no step is left out. */
function levelOf({ tag }, before) {
  if (!/^h\d/.test(tag)) return null;
  for (let at = before.length - 1; at >= 0; at--) {
    if (before[at].tag === tag) return { level: before[at].level };
    if (/^h\d/.test(before[at].tag) && before[at].tag < tag) return { level: before[at].level + 1 };
  }
  return { level: 2 };
}

function parse(text, depth) {
  if (depth >= MAX_NESTING) return [{ tag: "p", text }];
  const source = { text, depth, at: 0 };
  const blocks = [];
  for (let block; (block = readBlock(source)); ) blocks.push({ ...block, end: source.at });
  return blocks;
}

function readBlock(source) {
  take(source, isBlank);
  const line = lineAt(source);
  if (!line) return null;
  for (const [startOf, read] of KINDS) {
    const start = startOf(line, source);
    if (start) return read(source, start);
  }
  return readParagraph(source);
}

/** Whether a paragraph ends before this line. */
const startsBlock = (line, source) =>
  KINDS.some(([startOf]) => startOf(line, source) && (startOf !== markerOf || CLEAR_MARKER.test(line)));

// Readers

const part = (tag, children) => ({ tag, children });

function readFence(source, [, mark, language]) {
  const isOver = (line) => FENCE_END.exec(line)?.[1].startsWith(mark);
  const indent = indentOf(next(source));
  const code = take(source, (line) => !isOver(line)).map((line) => dedent(line, indent));
  next(source);
  return { tag: "pre", language: literal(language).trim(), children: [code.join("\n")] };
}

/** What follows on the line of its end is a block of its own. */
function readFormula(source, end) {
  const from = source.text.indexOf(end[0] === "$" ? end : "\\[", source.at);
  const index = source.text.indexOf(end, from + 2);
  const to = index < 0 ? source.text.length : AFTER_FORMULA.exec(source.text.slice(index))[0].length + index;
  source.at = to;
  return { tag: "math", isDisplay: true, children: [source.text.slice(from, to).trimEnd()] };
}

function readHeading(source, [start, marks]) {
  return { tag: `h${marks.length}`, text: next(source).slice(start.length).trim().replace(/(^|\s)#+$/, "").trimEnd() };
}

function readRule(source) {
  next(source);
  return { tag: "hr" };
}

function readQuote(source) {
  const lines = take(source, (line) => QUOTE.test(line)).map((line) => line.replace(QUOTE, ""));
  return part("blockquote", parse(lines.join("\n"), source.depth + 1));
}

function markerOf(line) {
  return RULE.test(line) ? null : MARKER.exec(line);
}

/** An item that does not count on from the one before has its `value`; the same number again means the next one. */
function readList(source, first) {
  const mark = first[2];
  const start = Number.parseInt(mark, 10);
  const children = [];
  let [count, before] = [start - 1, start];
  for (let marker = first; marker?.[2].at(-1) === mark.at(-1); marker = markerOf(lineAt(source))) {
    const [, task] = TASK.exec(marker[4]) ?? [];
    const number = Number.parseInt(marker[2], 10);
    const isJump = number >= 0 && number !== before && number !== count + 1;
    [count, before] = [isJump ? number : count + 1, number];
    const item = { tag: "li", ...(isJump && { value: number }), ...(task && { checked: task !== " " }) };
    children.push({ ...item, children: readItem(source, marker) });
  }
  return start >= 0 ? { tag: "ol", start, children } : part("ul", children);
}

function readFootnote(source, match) {
  return { tag: "footnote", label: match[2].slice(2, -2), children: readItem(source, match) };
}

/** Kinder than CommonMark: two columns of indentation are enough to belong to an item, also below "1. ". */
function readItem(source, [, before, mark, gap, words]) {
  const indent = indentOf(before);
  const width = indent + mark.length + (words ? Math.min(indentOf(gap), 4) : 1);
  const isInside = (line) => isBlank(line) || indentOf(line) >= indent + 2;
  const goesOn = (line, last) => !isBlank(last) && !MARKER.test(line) && !startsBlock(line, source);
  next(source);
  const lines = take(source, (line, last = mark) => isInside(line) || goesOn(line, last));
  const text = [words.replace(TASK, ""), ...lines.map((line) => dedent(line, width))].join("\n");
  return parse(text, source.depth + 1);
}

function readParagraph(source) {
  const lines = [next(source), ...take(source, (line) => !isBlank(line) && !startsBlock(line, source))];
  return { tag: "p", text: lines.map((line) => line.trimStart()).join("\n").trimEnd() };
}
