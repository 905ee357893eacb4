// Tables: GitHub Flavored Markdown, 4.10. Cells that are too many are kept. Knows no DOM.

import { lineAt, next, take } from "./line-reader.js";

const RULER = /^\s*(?:\|\s*)?:?-+:?\s*(?:\|\s*:?-+:?\s*)*(?:\|\s*)?$/;

const part = (tag, children) => ({ tag, children });

export function startsTable(line, { text, at }) {
  const ruler = lineAt({ text, at: at + line.length + 1 });
  return line.includes("|") && RULER.test(ruler) && cellsOf(line).length === cellsOf(ruler).length;
}

export function readTable(source) {
  const head = cellsOf(next(source));
  const aligns = cellsOf(next(source)).map(alignOf);
  const rows = take(source, (line) => line.includes("|")).map(cellsOf);
  const cellOf = (tag) => (text, at) => ({ tag, text, align: aligns[at] });
  const rowOf = (tag) => (cells) => part("tr", cells.map(cellOf(tag)));
  return part("table", [part("thead", [rowOf("th")(head)]), part("tbody", rows.map(rowOf("td")))]);
}

function cellsOf(line) {
  const cells = [""];
  for (const [piece] of line.trim().matchAll(/\\\||[^\\|]+|[^]/g)) {
    if (piece === "|") cells.push("");
    else cells.push(cells.pop() + (piece === "\\|" ? "|" : piece));
  }
  if (!cells[0].trim()) cells.shift();
  if (!cells.at(-1)?.trim()) cells.pop();
  return cells.map((cell) => cell.trim());
}

function alignOf(ruler) {
  if (!ruler.endsWith(":")) return "start";
  return ruler.startsWith(":") ? "center" : "end";
}
