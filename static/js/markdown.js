// Markdown to a tree of {tag, text or children}; a text is still to be read by inline.js. Knows no DOM.
// Linear in its input: patterns are anchored, nesting is bounded.
// Left out on purpose: raw HTML, indented code, underlined headings (in answers these are accidents).

const MAX_NESTING = 16;

const FENCE = /^\s*(`{3,}(?=[^`]*$)|~{3,})\s*(\S*)/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const MARKER = /^([ \t]*)([-*+]|\d{1,9}[.)])(?!\S)(\s*)(.*)/s;
const CLEAR_MARKER = /^\s*(?:[-*+]|0*1[.)])\s+\S/; // a list after a paragraph has words, and counts from one
const RULER = /^\s*(?:\|\s*)?:?-+:?\s*(?:\|\s*:?-+:?\s*)*(?:\|\s*)?$/;

// What a model thinks before it answers: as models write it, and as Dify shows it.
const THOUGHT = /^\s*(?:<think>|<details\b[^<>]*>\s*<summary>[^<>]*<\/summary>)/i;
const THOUGHT_END = /(<\/(?:think|details)>)/i;

/** What tells that a block begins with the next line, and what reads it. */
const KINDS = [
  [(line, { depth }) => depth === 0 && THOUGHT.exec(line), readThought],
  [(line) => FENCE.exec(line), readFence],
  [(line) => HEADING.exec(line), readHeading],
  [(line) => RULE.test(line), readRule],
  [(line) => QUOTE.test(line), readQuote],
  [markerOf, readList],
  [startsTable, readTable],
];

/** Reads a text that grows. What is appended can change the last two blocks only: others are settled. */
export function createParser() {
  let at = 0;

  return (text) => {
    const blocks = parse(text, 0, at);
    at = blocks.at(-3)?.end ?? at;
    return { settled: blocks.slice(0, -2), open: blocks.slice(-2) };
  };
}

function parse(text, depth, at = 0) {
  if (depth >= MAX_NESTING) return [{ tag: "p", text }];
  const source = { text, depth, at };
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

// Lines of a source, which is {text, depth, at}: `at` is where the next line begins

const isBlank = (line) => !/\S/.test(line);

function lineAt({ text, at }) {
  const end = text.indexOf("\n", at);
  return text.slice(at, end < 0 ? text.length : end);
}

function next(source) {
  const line = lineAt(source);
  source.at += line.length + 1;
  return line;
}

/** The next lines, as long as `fits(line, theOneBefore)`. */
function take(source, fits) {
  const lines = [];
  while (source.at <= source.text.length && fits(lineAt(source), lines.at(-1))) lines.push(next(source));
  return lines;
}

/** Columns of white space before the text. */
const indentOf = (line) => /^[ \t]*/.exec(line)[0].replaceAll("\t", "    ").length;

function dedent(line, width) {
  let columns = 0;
  let at = 0;
  for (; columns < width && " \t".includes(line[at]); at++) columns += line[at] === "\t" ? 4 : 1;
  return " ".repeat(Math.max(0, columns - width)) + line.slice(at);
}

// Readers

const part = (tag, children) => ({ tag, children });

/** What follows on the line of its end is a block of its own. */
function readThought(source, [start]) {
  const from = source.at + start.length;
  const [inner, end = ""] = source.text.slice(from).split(THOUGHT_END, 2);
  source.at = from + inner.length + end.length;
  return part("details", parse(inner, 1));
}

function readFence(source, [, mark, language]) {
  const end = new RegExp(`^\\s*${mark}+\\s*$`);
  const indent = indentOf(next(source));
  const code = take(source, (line) => !end.test(line)).map((line) => dedent(line, indent));
  next(source);
  return { tag: "pre", language, children: [code.join("\n")] };
}

function readHeading(source, [start, marks]) {
  return { tag: `h${marks.length}`, text: next(source).slice(start.length).trim().replace(/\s#+$/, "") };
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

function readList(source, first) {
  const mark = first[2];
  const children = [];
  for (let marker = first; marker?.[2].at(-1) === mark.at(-1); marker = markerOf(lineAt(source))) {
    children.push(readItem(source, marker));
  }
  return /\d/.test(mark) ? { tag: "ol", start: Number.parseInt(mark, 10), children } : part("ul", children);
}

/** Kinder than CommonMark: two columns of indentation are enough to belong to an item, also below "1. ". */
function readItem(source, [, before, mark, gap, words]) {
  const indent = indentOf(before);
  const width = indent + mark.length + (words ? Math.min(indentOf(gap), 4) : 1);
  const isInside = (line) => isBlank(line) || indentOf(line) >= indent + 2;
  const goesOn = (line, last) => !isBlank(last) && !MARKER.test(line) && !startsBlock(line, source);
  next(source);
  const lines = take(source, (line, last = mark) => isInside(line) || goesOn(line, last));
  const text = [words, ...lines.map((line) => dedent(line, width))].join("\n");
  return part("li", parse(text, source.depth + 1));
}

function startsTable(line, { text, at }) {
  const ruler = lineAt({ text, at: at + line.length + 1 });
  return line.includes("|") && RULER.test(ruler) && cellsOf(line).length === cellsOf(ruler).length;
}

function readTable(source) {
  const head = cellsOf(next(source));
  const aligns = cellsOf(next(source)).map(alignOf);
  const rows = take(source, (line) => line.includes("|")).map(cellsOf);
  const cellOf = (tag) => (text, at) => ({ tag, text, align: aligns[at] });
  const rowOf = (tag) => (cells) => part("tr", cells.slice(0, aligns.length).map(cellOf(tag)));
  return part("table", [part("thead", [rowOf("th")(head)]), part("tbody", rows.map(rowOf("td")))]);
}

function cellsOf(line) {
  const found = line.trim().matchAll(/((?:\\\||[^|])*)(?:\||$)/g);
  const cells = Array.from(found, ([, cell]) => cell.trim().replaceAll("\\|", "|"));
  if (!cells[0]) cells.shift();
  if (!cells.at(-1)) cells.pop();
  return cells;
}

function alignOf(ruler) {
  if (!ruler.endsWith(":")) return "start";
  return ruler.startsWith(":") ? "center" : "end";
}

function readParagraph(source) {
  const lines = [next(source), ...take(source, (line) => !isBlank(line) && !startsBlock(line, source))];
  return { tag: "p", text: lines.map((line) => line.trimStart()).join("\n") };
}
