// Every example of the CommonMark specification (tests/data/commonmark.json): as it says, or otherwise for a reason.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { partsOf } from "../../../static/js/inline.js";
import { blocksOf } from "../../../static/js/markdown-parser.js";

const { examples } = JSON.parse(readFileSync(new URL("../../data/commonmark.json", import.meta.url)));

/** What is chosen instead, and the numbers of the examples that are read otherwise for it. "1-3" is a range. */
const DEVIATIONS = {
  "indentation makes no code: in answers it is an accident":
    "1-3 5-8 18 36 48 49 69 107 110-112 114-118 134 137 225 231 236 252-254 264 270-274 278 286-290 313",
  "no underlined headings: models draw a rule below a paragraph": "59 80-87 89-91 93 95 96 100 102 103 141 300",
  "HTML is text": "21 31 148-191 308 309 344 475-477 491 494 524 613-617 623 625-631 642 643",
  "no links by reference: text that comes later does not change what was shown":
    "23 33 192-196 198 200-208 210 211 214-218 317 527-545 549 550 553-571 573 576 577 582-589 591-593",
  "named entities are those of HTML 4": "25",
  "a quotation ends where its marks end": "232 233 238 247 250 251 292 293",
  "two columns of indentation are enough to belong to an item, and more belong to no deeper one":
    "257 276 280 297 311 312",
  "a list's mark may be followed by any white space": "353",
  "within a word or a number, a star is a sign and two begin nothing": "355 356 370 381 411 415 416 429 463",
  "four and more marks in a row are a blank to fill in": "417 426 427 445 447 457 459 464-466 468",
  "links lead to http, https and mailto only, and addresses have no spaces": "485-487 507 596 598 599 601",
  "a link without words shows its address": "484 581",
  "an address in the text is a link": "602 608 611",
  "a picture in a link stands before it: each can be tapped": "517",
};

const numbers = Object.values(DEVIATIONS).join(" ").split(" ").flatMap((entry) => {
  const [from, to = from] = entry.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
});

const TEXT = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => text.replace(/[&<>"]/g, (char) => TEXT[char]);
const address = (href) => escaped(encodeURI(href).replace(/%25(?=[\dA-F]{2})/gi, "%"));

const inside = (part) => partsOf(part).map(html).join("");
const titled = ({ title }) => (title ? ` title="${escaped(title)}"` : "");

const WRITERS = {
  br: () => "\n",
  hr: () => "<hr />",
  p: (part) => `\n${inside(part)}\n`,
  a: (part) => `<a href="${address(part.href)}"${titled(part)}>${inside(part)}</a>`,
  img: (part) => `<img src="${address(part.href)}" alt="${inside(part).replace(/<[^>]*>/g, "")}"${titled(part)} />`,
  ol: (part) => `<ol${part.start === 1 ? "" : ` start="${part.start}"`}>${inside(part)}</ol>`,
  pre: ({ language, children: [code] }) => {
    const name = language ? ` class="language-${escaped(language.split(/\s/)[0])}"` : "";
    return `<pre><code${name}>${escaped(code && `${code}\n`)}</code></pre>`;
  },
};

/** The tree as the specification's examples write it. */
function html(part) {
  if (typeof part === "string") return escaped(part);
  return WRITERS[part.tag]?.(part) ?? `<${part.tag}>${inside(part)}</${part.tag}>`;
}

/** What the tree does not tell: whether a list is loose, what broke a line, and where HTML itself breaks its lines. */
function normal(text) {
  return text
    .replace(/<br \/>|<\/?p>/g, "\n")
    .replace(/\s*\n\s*/g, "\n")
    .replace(/\n?(<\/?(?:li|ul|ol|blockquote|h\d)\b[^>]*>|<pre>|<\/pre>|<hr \/>)\n?/g, "$1")
    .trim();
}

/** The examples' addresses are relative, which an answer has no use for: here they are whole. */
function whole({ markdown, html }) {
  if (!markdown.includes("](") || !/ (?:href|src)="(?!https:|mailto:|")/.test(html)) return [markdown, html];
  const base = html.includes(" src=") ? "https://e.example/" : "mailto:"; // what is no link then is not made one
  const relative = /(\]\(\s*(?:<|&lt;)?| (?:href|src)="(?!"))(?!https:|['")]*\)|\s)/g;
  return [markdown, html].map((text) => text.replace(relative, `$1${base}`));
}

function isAsSpecified(example) {
  const [markdown, expected] = whole(example);
  return normal(blocksOf(markdown).map(html).join("")) === normal(expected);
}

test("every example of CommonMark is read as it says, but for those listed", () => {
  assert.equal(examples.length, 652);
  const others = examples.filter((example) => !isAsSpecified(example)).map(({ number }) => number);
  assert.deepEqual(others, numbers.sort((one, other) => one - other));
});
