// The Markdown tree of an answer, as the texts that a voice says. What is shown is said, sign by sign, but for what is
// listed here. Knows no DOM.

import { wordsOf as wordsOfFormula } from "../formulas.js";
import { partsOf } from "../inline.js";

/**
 * What stands for words that are not in the answer, which verbalise.js gives in the language of the text around it.
 * The Unicode standard keeps these characters for use inside a program (chapter 23.7, noncharacters).
 */
export const NOTES = {
  code: "\uFDD0",
  formula: "\uFDD1",
  picture: "\uFDD2",
  link: "\uFDD3",
  checked: "\uFDD4",
  unchecked: "\uFDD5",
  empty: "\uFDD6",
  footnote: "\uFDD7",
};

const HAN = /\p{Script=Han}/u;
const ADDRESS = /^https?:\/\/(?:[^/?#]*@)?([^/?#]+)/i;
const PUNCTUATED = /[,.;:!?…，。；：！？、]["'”’」』)）]*$/;

/** Whether text that follows what is left out would read as one with what stood before it. */
const RUNS_ON = /^(?:[\p{L}\p{N}]|[^\s\p{L}\p{N}]+\p{N})/u;

/** How a block is said that is more than its text: a list of texts, each of which stands for itself. */
const BLOCKS = {
  details: () => [],
  hr: () => [],
  pre: () => [NOTES.code],
  math: ({ children: [source] }) => [wordsOfFormula(source) || NOTES.formula],
  blockquote: ({ children }) => speakable(children),
  ul: ({ children }) => children.flatMap((item) => itemOf(item)),
  ol: numbered,
  footnote: ({ label, children }) => led(`${NOTES.footnote}${label}: `, speakable(children)),
  table: rowsOf,
};

/**
 * How a part of a line is said that is more than its text: a list of texts, and of null where something is left out
 * and what stood around it must not become one word.
 */
const INLINES = {
  del: () => [null],
  ref: () => [null],
  br: () => ["\n"],
  math: formulaOf,
  img: (part) => (isAddress(part) ? [NOTES.picture] : textsOf(part)),
  a: linkOf,
};

/** The texts that a voice says of `blocks`, in order. In a text, a line break is a pause. */
export const speakable = (blocks) =>
  blocks.flatMap((block) => BLOCKS[block.tag]?.(block) ?? wordsOf(block)).filter(Boolean);

const led = (lead, [first = "", ...others]) => [lead + first, ...others];

function itemOf({ checked, children }, number = "") {
  const task = checked === undefined ? "" : NOTES[checked ? "checked" : "unchecked"];
  return led(number + task, speakable(children));
}

function numbered({ start, children }) {
  let number = start - 1;
  return children.flatMap((item) => itemOf(item, `${(number = item.value ?? number + 1)}. `));
}

/** Row by row, each cell after the heading of its column. */
function rowsOf({ children: [head, body] }) {
  const [headings, ...rows] = [...head.children, ...body.children].map((row) => row.children.map(wordsOf));
  if (!rows.length) return [sequence(headings)];
  const lengthOf = (cells) => Math.max(cells.length, headings.length);
  const cellsOf = (cells) => Array.from({ length: lengthOf(cells) }, (_, at) => cellOf(headings[at], cells[at]));
  return rows.map((cells) => sequence(cellsOf(cells)));
}

function cellOf(heading, cell = "") {
  if (!heading) return cell;
  const colon = HAN.test(heading) ? "：" : ": ";
  return heading + (PUNCTUATED.test(heading) ? " " : colon) + (cell || NOTES.empty);
}

function sequence(texts) {
  const separator = (before) => (HAN.test(before) ? "；" : "; ");
  const joined = (all, text) => all + (PUNCTUATED.test(all) ? " " : separator(all)) + text;
  const [first = "", ...others] = texts.filter(Boolean);
  return others.reduce(joined, first);
}

const wordsOf = (part) => textsOf(part).reduceRight(before, "").trim();

function before(rest, text) {
  if (text === null) return RUNS_ON.test(rest) ? ` ${rest}` : rest;
  return text + rest;
}

const textsOf = (part) =>
  partsOf(part).flatMap((child) => (INLINES[child.tag] ?? (child.tag ? textsOf : String))(child));

/** A link is said by its words; an address that has none by its host, as a person would say it. */
function linkOf(part) {
  const [, host] = (isAddress(part) && ADDRESS.exec(part.href)) || [];
  return host ? [NOTES.link + host] : textsOf(part);
}

/** A number or a dose is heard, apart from what is written close to it. */
function formulaOf({ children: [source] }) {
  const words = wordsOfFormula(source);
  return words ? [null, words, null] : [NOTES.formula];
}

const isAddress = (part) => wordsOf(part) === part.href;
