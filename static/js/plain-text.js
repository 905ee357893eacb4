// Markdown as it is shown, as plain text to be copied: without its marks, and without thoughts. Knows no DOM.

import { partsOf } from "./inline.js";

const WRITERS = {
  a: writeLink,
  blockquote: (part) => led(blocks(partsOf(part), "\n\n"), "> ", "> "),
  br: () => "\n",
  del: (part) => `~~${inside(part)}~~`, // what does not hold any more must not read as if it did
  details: () => "",
  footnote: (part) => `[${part.label}] ${blocks(partsOf(part), "\n")}`,
  hr: () => "---",
  img: writeLink,
  ol: writeList,
  table: (part) => partsOf(part).flatMap(partsOf).map(writeRow).join("\n"),
  ul: writeList,
};

/** The text of blocks, which are a blank line apart. */
export const plainTextOf = (tree) => blocks(tree, "\n\n");

const blocks = (parts, between) => parts.map(write).filter(Boolean).join(between);
const write = (part) => (part.tag ? (WRITERS[part.tag] ?? inside)(part) : part);
const inside = (part) => partsOf(part).map(write).join("");

/** With `first` before the first line, and `others` before those after it. */
function led(text, first, others) {
  return first + text.replace(/\n(.?)/g, (_, char) => `\n${char ? others : others.trimEnd()}${char}`);
}

function writeLink(part) {
  const words = inside(part);
  return part.href.replace(/^mailto:/, "") === words ? words : `${words} (${part.href})`;
}

function writeList({ start, children }) {
  let number = start - 1;
  const lines = children.map(({ value, checked, children: inner }) => {
    number = value ?? number + 1;
    const mark = start === undefined ? "- " : `${number}. `;
    const box = checked === undefined ? "" : `[${checked ? "x" : " "}] `;
    return led(`${box}${blocks(inner, "\n")}`, mark, " ".repeat(mark.length));
  });
  return lines.join("\n");
}

/** As spreadsheets read it. */
const writeRow = (row) => partsOf(row).map((cell) => inside(cell).replace(/\s+/g, " ")).join("\t");
