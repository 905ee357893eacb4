// Markdown of any kind: nothing that is written gets lost, and how it arrives makes no difference.

import assert from "node:assert/strict";
import { test } from "node:test";

import { partsOf } from "../../../static/js/inline.js";
import { blocksOf, createParser } from "../../../static/js/markdown-parser.js";
import { plainTextOf } from "../../../static/js/plain-text.js";

const FIRST_SEED = Number(process.env.SEED ?? 1);
const ROUNDS = 1000 * Number(process.env.FUZZ_TIMES ?? 1);
const SIGNS = [
  " ", " ", "\n", "\n", "\n\n", "\n    ", "  \n", "- ", "* ", "1. ", "7) ", "+ ", "# ", "### ", "> ", ">", "---\n",
  "***", "===\n", "*", "**", "_", "__", "~~", "~", "`", "``", "\n```\n", "\n```js\n", "\n~~~\n", "|", "\n|-|-|\n",
  "| a | b |\n", ":-:", "[", "]", "](", ")", "](https://a.example/", "![", "https://b.example/",
  "<https://c.example/", ">", "<", "\"", "(", "<think>", "</think>", "<details open>\n<summary>Thinking</summary>\n",
  "</details>", "<br>", "<br/>", "<b>", "&amp;", "&lt;", "&#42;", "&", "$", "$$", "\n$$\n", "\\(", "\\)", "\\[",
  "\n\\[\n", "\\]", "\\", "\\frac{", "}", "x = 1", "^", "[^1]", "\n[^2]: ", "【4:0†source】", "【", "[ ] ", "[x] ",
  "2*500", "2~3", "。", "，", "这是", "مرحبا", "😀", "\u00A0", "\t", "5", ".", ":",
];

function generator(seed) {
  let state = seed * 7919;
  const random = (below) => (state = (state * 48271 + 11) % 2147483647) % below;
  let words = 0;
  const word = () => `w${String(words++).padStart(3, "0")}`; // each of its own, so that none can stand for another
  const text = (length) => Array.from({ length }, () => (random(3) ? SIGNS[random(SIGNS.length)] : word())).join("");
  return { random, text };
}

/** All that a part tells, in the order in which it is written; `isCopied`: what a copy tells of it. */
function told(part, isCopied) {
  if (typeof part === "string") return part;
  const { tag, href = "", title = "", language = "", label = "" } = part;
  const inside = partsOf(part).map((child) => told(child, isCopied)).join("");
  if (isCopied) return tag === "details" ? "" : [label, inside, href].join(" ");
  return [language, label, inside, href, title].join(" ");
}

const wordsOf = (text) => [...new Set(text.match(/w\d{3}/g))]; // an address may be told twice
const plain = (blocks) => JSON.parse(JSON.stringify(blocks, (key, value) => (key === "end" ? undefined : value)));

function each(check) {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) check(seed);
}

test("nothing that is written gets lost", () => each(losesNothing));
test("what is read does not depend on how it arrives", () => each(streams));

function losesNothing(seed) {
  const { random, text } = generator(seed);
  const source = text(1 + random(40));
  const blocks = blocksOf(source);
  const [seen, copied] = [false, true].map((isCopied) => blocks.map((block) => told(block, isCopied)).join(" "));
  const message = `seed ${seed}: ${JSON.stringify(source)}`;
  assert.deepEqual(wordsOf(seen), wordsOf(source), message);
  assert.deepEqual(wordsOf(plainTextOf(blocks)), wordsOf(copied), message);
  for (const sign of ["2*500", "2~3"]) assert.ok(seen.split(sign).length >= source.split(sign).length, message);
}

function streams(seed) {
  const { random, text } = generator(seed);
  const source = text(1 + random(40));
  const read = createParser();
  let blocks = [];
  for (let end = 1; end < source.length; end += 1 + random(6)) {
    const { settled, isReset } = read(source.slice(0, end));
    blocks = isReset ? settled : [...blocks, ...settled];
  }
  const { settled, open, isReset } = read(source, true);
  blocks = [...(isReset ? [] : blocks), ...settled, ...open];
  assert.deepEqual(plain(blocks), plain(blocksOf(source)), `seed ${seed}: ${JSON.stringify(source)}`);
}
