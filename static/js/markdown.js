// Markdown to a tree of {tag, text or children, …}, where a text is still to be read by inline.js. Knows no DOM.
// Linear in its input: patterns are anchored, nesting is bounded.
// Left out on purpose: raw HTML, indented code, underlined headings (in answers these are accidents).

const MAX_NESTING = 16;

const FENCE = /^\s*(`{3,}(?=[^`]*$)|~{3,})\s*(\S*)/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const MARKER = /^\s*([-*+]|\d{1,9}[.)])(?=\s|$)/;
const CLEAR_MARKER = /^\s*(?:[-*+]|0*1[.)])\s+\S/;

// What a model thinks before it answers: as models write it, and as Dify shows it.
const THOUGHT = /^\s*(?:<think>|<details\b[^<>]*>\s*<summary>[^<>]*<\/summary>)/i;
const THOUGHT_END = /<\/(?:think|details)>/i;

/** For each kind of block: what tells that it begins with the next line, and what reads it. */
const KINDS = [
  [(line, { depth }) => depth === 0 && THOUGHT.exec(line), readThought],
  [(line) => FENCE.exec(line), readFence],
  [(line) => HEADING.exec(line), readHeading],
  [(line) => RULE.test(line), readRule],
  [(line) => QUOTE.test(line), readQuote],
  [markerOf, readList],
  [startsTable, readTable],
];

/**
 * Reads a text that grows: each time into the blocks that are settled, which are not read again, and those that are open.
 * What is appended can change the last two blocks only.
 */
export function createParser() {
  let from = 0;

  return (text) => {
    const source = { text, at: from, depth: 0 };
    const blocks = [];
    const ends = [];
    for (const block of blocksOf(source)) {
      blocks.push(block);
      ends.push(source.at);
    }
    from = ends.at(-3) ?? from;
    return { settled: blocks.slice(0, -2), open: blocks.slice(-2) };
  };
}

function parse(lines, depth) {
  const text = lines.join("\n");
  return depth < MAX_NESTING ? [...blocksOf({ text, at: 0, depth })] : [{ tag: "p", text }];
}

function* blocksOf(source) {
  for (take(source, isBlank); !isOver(source); take(source, isBlank)) yield readBlock(source);
}

function readBlock(source) {
  const line = lineAt(source);
  for (const [startOf, read] of KINDS) {
    const start = startOf(line, source);
    if (start) return read(source, start);
  }
  return readParagraph(source);
}

/** Whether a paragraph ends before this line; a list ends it only if it has words and counts from one. */
const startsBlock = (line, source) =>
  KINDS.some(([startOf, read]) => startOf(line, source) && (read !== readList || CLEAR_MARKER.test(line)));

// Lines of a source, which is {text, at, depth}: `at` is where the next line begins, in UTF-16 units

const isBlank = (line) => !/\S/.test(line);
const isOver = ({ text, at }) => at > text.length;

function lineAt({ text, at }) {
  const end = text.indexOf("\n", at);
  return text.slice(at, end < 0 ? text.length : end);
}

function next(source) {
  const line = lineAt(source);
  source.at += line.length + 1;
  return line;
}

/** The next lines, as far as `fits(line, lineBefore)`. */
function take(source, fits) {
  const lines = [];
  while (!isOver(source) && fits(lineAt(source), lines.at(-1))) lines.push(next(source));
  return lines;
}

/** The white space before the text, up to a limit; a tab reaches to the next multiple of four columns. */
function measure(line, limit = Infinity) {
  let [length, columns] = [0, 0];
  for (; columns < limit && " \t".includes(line[length]); length++) columns += line[length] === "\t" ? 4 - (columns % 4) : 1;
  return { length, columns };
}

const indentOf = (line) => measure(line).columns;

function dedent(line, width) {
  const { length, columns } = measure(line, width);
  return " ".repeat(Math.max(0, columns - width)) + line.slice(length);
}

// Readers

/** What follows on the line of its end is a block of its own. */
function readThought(source, [start]) {
  const from = source.at + start.length;
  const rest = source.text.slice(from);
  const end = THOUGHT_END.exec(rest);
  source.at = end ? from + end.index + end[0].length : source.text.length + 1;
  return { tag: "details", children: parse([rest.slice(0, end?.index)], 1) };
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
  return { tag: "blockquote", children: parse(lines, source.depth + 1) };
}

function readList(source, { kind, number }) {
  const children = [];
  for (let marker; (marker = markerOf(lineAt(source)))?.kind === kind; ) children.push(readItem(source, marker));
  return ".)".includes(kind) ? { tag: "ol", start: number, children } : { tag: "ul", children };
}

/** Kinder than CommonMark: two columns of indentation are enough to belong to an item, also below "1. ". */
function readItem(source, { indent, width, rest }) {
  const isInside = (line) => isBlank(line) || indentOf(line) >= indent + 2;
  const goesOn = (line, before) => !isBlank(before) && !MARKER.test(line) && !startsBlock(line, source);
  next(source);
  const lines = take(source, (line, before = "-") => isInside(line) || goesOn(line, before));
  return { tag: "li", children: parse([rest, ...lines.map((line) => dedent(line, width))], source.depth + 1) };
}

function markerOf(line) {
  const match = MARKER.exec(line);
  if (!match || RULE.test(line)) return null;
  const [{ length }, mark] = match;
  const rest = line.slice(length);
  const indent = indentOf(line);
  const gap = isBlank(rest) ? 1 : Math.min(indentOf(rest), 4);
  const width = indent + mark.length + gap;
  return { kind: mark.at(-1), number: Number.parseInt(mark, 10), indent, width, rest: rest.trimStart() };
}

function startsTable(line, { text, at }) {
  if (!line.includes("|")) return false;
  const rulers = cellsOf(lineAt({ text, at: at + line.length + 1 }));
  const isRuled = rulers.length > 0 && rulers.every((cell) => /^:?-+:?$/.test(cell));
  return isRuled && rulers.length === cellsOf(line).length;
}

function readTable(source) {
  const head = cellsOf(next(source));
  const aligns = cellsOf(next(source)).map(alignOf);
  const cellOf = (tag) => (text, at) => ({ tag, text, align: aligns[at] });
  const rowOf = (tag, cells) => ({ tag: "tr", children: cells.slice(0, aligns.length).map(cellOf(tag)) });
  const rows = take(source, (line) => line.includes("|")).map((line) => rowOf("td", cellsOf(line)));
  return { tag: "table", children: [{ tag: "thead", children: [rowOf("th", head)] }, { tag: "tbody", children: rows }] };
}

function cellsOf(line) {
  const cells = line.trim().split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
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
