// Markdown to blocks. Knows no DOM. Linear in its input: patterns are anchored, nesting is bounded.
// Left out on purpose: raw HTML, indented code, underlined headings (in answers these are accidents).

import { isBlank } from "./inline.js";

const MAX_NESTING = 16;

const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const QUOTE = /^ {0,3}> ?/;
const MARKER = /^\s*([-*+]|\d{1,9}[.)])(?=\s|$)/;

// What a model thinks before it answers: as models write it, and as Dify shows it.
const THOUGHT = /^\s*(?:<think>|<details\b[^<>]*>\s*<summary>[^<>]*<\/summary>)/i;
const THOUGHT_END = /<\/(?:think|details)>/i;

const READERS = [readThought, readFence, readHeading, readRule, readQuote, readList, readTable, readParagraph];
const FLAT_READERS = [readFence, readParagraph];

/** The same text, where what follows a thought begins on a line of its own. What is appended changes nothing before. */
export function separateThoughts(text) {
  let out = "";
  let from = 0;
  const tag = /^[^\S\n]*<(?:think>|details\b)|<\/(?:think|details)>(?=[^\n])/gim;
  let isOpen = false;
  for (let match; (match = tag.exec(text)); ) {
    const isEnd = match[0].startsWith("</");
    if (isEnd && isOpen) out += `${text.slice(from, (from = tag.lastIndex))}\n`;
    isOpen = !isEnd;
  }
  return out + text.slice(from);
}

/**
 * The top-level blocks of a text. `offset` is where a block begins in it (UTF-16 units). Text that is appended
 * later can change the last two blocks only.
 */
export function parse(text) {
  const lines = String(text ?? "").split("\n");
  const blocks = parseLines(lines, 0);
  let line = 0;
  let offset = 0;
  for (const block of blocks) {
    for (; line < block.line; line++) offset += lines[line].length + 1;
    block.offset = offset;
  }
  return blocks;
}

function parseLines(lines, depth) {
  const readers = depth < MAX_NESTING ? READERS : FLAT_READERS;
  const blocks = [];
  for (let line = 0; line < lines.length; line = blocks.at(-1).end) {
    while (line < lines.length && isBlank(lines[line])) line++;
    if (line === lines.length) break;
    let block = null;
    for (const read of readers) block ??= read(lines, line, depth);
    blocks.push({ ...block, line });
  }
  return blocks;
}

const isRule = (line) => /^(?:-{3,}|\*{3,}|_{3,})$/.test(line.replace(/\s/g, ""));

function readThought(lines, at, depth) {
  const start = depth === 0 && THOUGHT.exec(lines[at]);
  if (!start) return null;
  let end = at;
  const inner = [lines[at].slice(start[0].length)];
  while (!THOUGHT_END.test(inner.at(-1)) && end + 1 < lines.length) inner.push(lines[++end]);
  inner.push(inner.pop().split(THOUGHT_END)[0]);
  return { type: "thought", blocks: parseLines(inner, depth + 1), end: end + 1 };
}

function readFence(lines, at) {
  const fence = fenceOf(lines[at]);
  if (!fence) return null;
  const indent = indentOf(lines[at]);
  let end = at + 1;
  while (end < lines.length && !closesFence(lines[end], fence.mark)) end++;
  const code = lines.slice(at + 1, end).map((line) => dedent(line, indent));
  return { type: "code", language: fence.language, text: code.join("\n"), end: end + 1 };
}

function fenceOf(line) {
  const match = FENCE.exec(line);
  if (!match) return null;
  const info = line.slice(match[0].length);
  if (match[1][0] === "`" && info.includes("`")) return null;
  return { mark: match[1], language: info.trim().split(/\s/)[0] };
}

function closesFence(line, mark) {
  const match = FENCE.exec(line);
  return Boolean(match) && match[1].startsWith(mark) && isBlank(line.slice(match[0].length));
}

function readHeading(lines, at) {
  const match = HEADING.exec(lines[at]);
  if (!match) return null;
  const text = lines[at].slice(match[0].length).trim().replace(/\s#+$/, "");
  return { type: "heading", level: match[1].length, text, end: at + 1 };
}

function readRule(lines, at) {
  return isRule(lines[at]) ? { type: "rule", end: at + 1 } : null;
}

function readQuote(lines, at, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end++;
  if (end === at) return null;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return { type: "quote", blocks: parseLines(inner, depth + 1), end };
}

function readList(lines, at, depth) {
  const first = markerOf(lines[at]);
  if (!first) return null;
  const items = [];
  let end = at;
  while (end < lines.length && markerOf(lines[end])?.kind === first.kind && !isRule(lines[end])) {
    const item = readItem(lines, end);
    items.push(parseLines(item.lines, depth + 1));
    end = item.end;
  }
  return { type: "list", ordered: first.number !== null, start: first.number, items, end };
}

/** Kinder than CommonMark: two columns of indentation are enough to belong to an item, also below "1. ". */
function readItem(lines, at) {
  const { indent, width, rest } = markerOf(lines[at]);
  const inner = [rest];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end];
    if (isBlank(line)) inner.push("");
    else if (indentOf(line) >= indent + 2) inner.push(dedent(line, width));
    else if (isBlank(lines[end - 1]) || markerOf(line) || startsBlock(lines, end)) break;
    else inner.push(line);
  }
  return { lines: inner, end };
}

function markerOf(line) {
  const match = MARKER.exec(line);
  if (!match) return null;
  const mark = match[1];
  const rest = line.slice(match[0].length);
  const indent = indentOf(line);
  const gap = isBlank(rest) ? 1 : Math.min(indentOf(rest), 4);
  const number = mark.length > 1 ? Number.parseInt(mark, 10) : null;
  return { kind: mark.at(-1), number, indent, width: indent + mark.length + gap, rest: rest.trimStart() };
}

function readTable(lines, at) {
  if (!startsTable(lines, at)) return null;
  const aligns = cellsOf(lines[at + 1]).map(alignOf);
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end++;
  const rows = lines.slice(at + 2, end).map((line) => cellsOf(line).slice(0, aligns.length));
  return { type: "table", head: cellsOf(lines[at]), aligns, rows, end };
}

function startsTable(lines, at) {
  if (!lines[at].includes("|") || !/^[\s|:-]+$/.test(lines[at + 1] ?? "") || markerOf(lines[at])) return false;
  const head = cellsOf(lines[at]);
  const rulers = cellsOf(lines[at + 1]);
  return head.length > 0 && head.length === rulers.length && rulers.every((cell) => /^:?-+:?$/.test(cell));
}

function cellsOf(line) {
  const cells = [];
  let escaped = false;
  for (const part of line.trim().split("|")) {
    if (escaped) cells.push(`${cells.pop().slice(0, -1)}|${part}`);
    else cells.push(part);
    escaped = part.endsWith("\\");
  }
  if (isBlank(cells[0])) cells.shift();
  if (cells.length && isBlank(cells.at(-1))) cells.pop();
  return cells.map((cell) => cell.trim());
}

function alignOf(ruler) {
  if (!ruler.endsWith(":")) return "start";
  return ruler.startsWith(":") ? "center" : "end";
}

function readParagraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && !isBlank(lines[end]) && !startsBlock(lines, end)) end++;
  return { type: "paragraph", text: lines.slice(at, end).map((line) => line.trimStart()).join("\n"), end };
}

function startsBlock(lines, at) {
  const line = lines[at];
  if (THOUGHT.test(line) || fenceOf(line) || HEADING.test(line) || QUOTE.test(line) || isRule(line)) return true;
  if (startsTable(lines, at)) return true;
  const marker = markerOf(line);
  return Boolean(marker) && !isBlank(marker.rest) && (marker.number ?? 1) === 1;
}

/** Columns of white space before the text; a tab reaches to the next multiple of four. */
function indentOf(line) {
  let column = 0;
  for (const char of line) {
    if (char === "\t") column += 4 - (column % 4);
    else if (char === " ") column++;
    else break;
  }
  return column;
}

function dedent(line, width) {
  let column = 0;
  let at = 0;
  for (; column < width && " \t".includes(line[at]); at++) column += line[at] === "\t" ? 4 - (column % 4) : 1;
  return " ".repeat(Math.max(0, column - width)) + line.slice(at);
}
