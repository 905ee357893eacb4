// Markdown to plain blocks and inline parts, before any DOM.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseInline } from "../../static/js/inline.js";
import { parse, separateThoughts } from "../../static/js/markdown.js";

const POSITIONS = new Set(["end", "line", "offset"]);
const plain = (blocks) => JSON.parse(JSON.stringify(blocks, (key, value) => (POSITIONS.has(key) ? undefined : value)));
const paragraph = (text) => ({ type: "paragraph", text });

const INLINE = [
  ["a **b** *c*", ["a ", { tag: "strong", children: ["b"] }, " ", { tag: "em", children: ["c"] }, ""]],
  ["~~x~~ `*y*`", [{ tag: "del", children: ["x"] }, " ", { tag: "code", children: ["*y*"] }, ""]],
  ["说**“强调”**文字", ["说", { tag: "strong", children: ["“强调”"] }, "文字"]],
  ["snake_case_name 2 * 3", ["snake_case_name 2 * 3"]],
  ["[a](https://x.example/y)", [{ tag: "a", href: "https://x.example/y", children: ["a"] }, ""]],
  ["![a](https://x.example/y.png)", [{ tag: "a", href: "https://x.example/y.png", children: ["a"] }, ""]],
  ["[a](javascript:alert(1))", ["[a](javascript:alert(1))"]],
  ["[a](//x.example)", ["[a](//x.example)"]],
  ["<b onclick=x>", ["<b onclick=x>"]],
  ["a\nb", ["a", { tag: "br" }, "b"]],
  ["\\*no\\*", ["*no*"]],
];

const joined = (parts) => parts.reduce((all, part) => {
  if (typeof part === "string" && typeof all.at(-1) === "string") all.push(all.pop() + part);
  else all.push(part);
  return all;
}, []).filter((part) => part !== "");

for (const [text, parts] of INLINE) {
  test(`inline: ${JSON.stringify(text)}`, () => assert.deepEqual(joined(parseInline(text)), joined(parts)));
}

test("blocks follow each other", () => {
  assert.deepEqual(plain(parse("# H\n\ntext\nmore\n\n---\n> q")), [
    { type: "heading", level: 1, text: "H" },
    paragraph("text\nmore"),
    { type: "rule" },
    { type: "quote", blocks: [paragraph("q")] },
  ]);
});

test("lists nest, and count from where they start", () => {
  const [list] = plain(parse("3. a\n   - b\n4. c"));
  assert.equal(list.start, 3);
  assert.deepEqual(list.items[0], [paragraph("a"), { type: "list", ordered: false, start: null, items: [[paragraph("b")]] }]);
  assert.deepEqual(list.items[1], [paragraph("c")]);
});

test("a table has aligned columns and escaped bars", () => {
  const [table] = plain(parse("| a | b |\n|:-:|--:|\n| 1 \\| 2 | 3 |"));
  assert.deepEqual(table, { type: "table", head: ["a", "b"], aligns: ["center", "end"], rows: [["1 | 2", "3"]] });
});

test("a fence keeps what is in it, also before it is closed", () => {
  assert.deepEqual(plain(parse("```js\n*x*\n  <y>")), [{ type: "code", language: "js", text: "*x*\n  <y>" }]);
});

test("text that grows gives the same blocks as the whole text", () => {
  const pieces = ["- ", "1. ", "\n", "\n\n", "a", "|", "---", "```", "# ", "> ", "**", "  ", "|-|-|\n", "| a | b |\n"];
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: 1 + random(25) }, () => pieces[random(pieces.length)]).join("");
    const settled = [];
    let from = 0;
    for (let end = 1; end <= text.length; end++) {
      const blocks = parse(text.slice(from, end));
      const settling = Math.max(0, blocks.length - 2);
      settled.push(...blocks.slice(0, settling));
      if (settling) from += blocks[settling].offset;
    }
    assert.deepEqual(plain([...settled, ...parse(text.slice(from))]), plain(parse(text)), JSON.stringify(text));
  }
});

test("no input takes long", () => {
  const many = (text) => text.repeat(60_000 / text.length);
  const evil = ["*", "* ", "[", "](", "`", "> ", "- ", "|", "_a ", "**a *b ", "[a](b \"", "https://", "~~a ", "|\n|-\n", "\t", "<think>", "<think>\n"];
  const started = performance.now();
  for (const text of evil.map(many)) for (const block of parse(separateThoughts(text))) if (block.text) parseInline(block.text);
  assert.ok(performance.now() - started < 5000);
});

test("what follows a thought begins on a line of its own, however the text grows", () => {
  const text = "<think>a</think>b\n\n</think>c\n<think>\nd\n</think> e";
  assert.equal(separateThoughts(text), "<think>a</think>\nb\n\n</think>c\n<think>\nd\n</think>\n e");
  for (let end = 0; end < text.length; end++) {
    assert.ok(separateThoughts(text).startsWith(separateThoughts(text.slice(0, end))));
  }
});
