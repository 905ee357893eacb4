// Markdown to plain blocks and inline parts, before any DOM.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseInline, partsOf } from "../../../static/js/inline.js";
import { blocksOf, createParser } from "../../../static/js/markdown-parser.js";
import { cpuMs } from "./cpu-time.js";

const paragraph = (text) => ({ tag: "p", text });

const plain = (blocks) => JSON.parse(JSON.stringify(blocks, (key, value) => (key === "end" ? undefined : value)));

const parse = (text) => plain(blocksOf(text));

const INLINE = [
  ["a **b** *c*", ["a ", { tag: "strong", children: ["b"] }, " ", { tag: "em", children: ["c"] }, ""]],
  ["~~x~~ `*y*`", [{ tag: "del", children: ["x"] }, " ", { tag: "code", children: ["*y*"] }, ""]],
  ["说**“强调”**文字", ["说", { tag: "strong", children: ["“强调”"] }, "文字"]],
  ["snake_case_name 2 * 3", ["snake_case_name 2 * 3"]],
  ["[a](https://x.example/y)", [{ tag: "a", href: "https://x.example/y", children: ["a"] }, ""]],
  ["![a](https://x.example/y.png)", [{ tag: "img", href: "https://x.example/y.png", children: ["a"] }, ""]],
  ["[*![a](https://x.example)*](https://y.example)", [
    { tag: "a", href: "https://y.example", children: [
      { tag: "em", children: [{ tag: "span", href: "https://x.example", children: ["a"] }] },
    ] },
    "",
  ]],
  ["[a](javascript:alert(1))", ["[a](javascript:alert(1))"]],
  ["[a](//x.example)", ["[a](//x.example)"]],
  ["<b onclick=x>", ["<b onclick=x>"]],
  ["a\nb", ["a", { tag: "br" }, "b"]],
  ["\\*no\\*", ["*no*"]],
  ["\\😀 \\`a`b`", ["\\😀 `a", { tag: "code", children: ["b"] }, ""]],
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
  assert.deepEqual(parse("# H\n\ntext\nmore\n\n---\n> q"), [
    { tag: "h1", text: "H", level: 2 },
    paragraph("text\nmore"),
    { tag: "hr" },
    { tag: "blockquote", children: [paragraph("q")] },
  ]);
});

test("lists nest, and count from where they start", () => {
  const item = (...children) => ({ tag: "li", children });
  const inner = { tag: "ul", children: [item(paragraph("b"))] };
  assert.deepEqual(parse("3. a\n   - b\n4. c"), [
    { tag: "ol", start: 3, children: [item(paragraph("a"), inner), item(paragraph("c"))] },
  ]);
});

test("a table has aligned columns and escaped bars", () => {
  const row = (tag, one, other) => ({
    tag: "tr",
    children: [{ tag, text: one, align: "center" }, { tag, text: other, align: "end" }],
  });
  const [table] = parse("| a | b |\n|:-:|--:|\n| 1 \\| 2 | 3 |");
  assert.deepEqual(table.children, [
    { tag: "thead", children: [row("th", "a", "b")] },
    { tag: "tbody", children: [row("td", "1 | 2", "3")] },
  ]);
});

test("a fence keeps what is in it, also before it is closed", () => {
  assert.deepEqual(parse("```js\n*x*\n  <y>"), [{ tag: "pre", language: "js", children: ["*x*\n  <y>"] }]);
});

test("code that shows the marks of a thought stays as it is", () => {
  const code = "<think>a</think>b";
  assert.deepEqual(parse(`\`\`\`\n${code}\n\`\`\``), [{ tag: "pre", language: "", children: [code] }]);
});

const EVIL = [
  "*", "* ", "[", "](", "`", "> ", "- ", "|", "_a ", "**a *b ", "[a](b \"", "https://", "~~a ", "|\n|-\n", "\t", "$",
  "$a ", "$$a ", "\\(a", "\\[a ", "$$\n", "\\[\\a\n", "【a", "【†", "&amp", "<details>", "<details><summary>think",
  "<think>", "<think>\n", "</think>", "a</think>", "a\n\nb\n\nc\n\n</think>", "<think>\n```\n</think>\n",
  "`</think> ", "```\n~~~\n", "[^a", "[^1]: ", "***a", "- > ", "[![a](https://b)](", "[x](<", "* a\n  ",
  "[ ](https://a \"x", "#", "  \n", "<a@", "https://a(", "|\\", "- [ ] ",
];
const LONG = 30_000;
const LONG_RUNS = [
  ["a|b\n", " ", "x"], ["a|b\n", "- ", "x"], ["a|b\n", "-|", "x"], ["[a](", " ", ""], ["[a](https://b", " ", '"'],
  ["<details", " ", ""], ["<details>", "\n", ""], ["a", " ", "x"], ["# ", " ", "x"], ["$", "ab", "$"], ["$", "a,", "b$"],
  ["$", "1 ", "b$"], ["$", "a+", " #$"], ["`", "``", " ``"],
].map(([start, piece, end]) => start + piece.repeat(LONG) + end);

function readAll(part) {
  if (typeof part !== "string") partsOf(part).forEach(readAll);
}

test("no input takes long", () => {
  for (const text of [...EVIL.map((piece) => piece.repeat(LONG / piece.length)), ...LONG_RUNS]) {
    assert.ok(cpuMs(() => blocksOf(text).forEach(readAll)) < 2000, JSON.stringify(text.slice(0, 40)));
  }
});

test("a thought of 50 kB that grows is not read anew with each word", () => {
  const text = `<think>\n${"Some *words* of a thought.\n\n- an item\n\n".repeat(1200)}`;
  const parse = createParser();
  const grow = () => {
    for (let end = 50; end < text.length; end += 50) parse(text.slice(0, end));
  };
  assert.ok(cpuMs(grow) < 5000);
});

test("what follows a thought on its line is a block of its own", () => {
  const thought = (text) => ({ tag: "details", children: [paragraph(text)] });
  assert.deepEqual(parse("<think>a</think>b\n\n</think>c\n<think>\nd\n</think> e"), [
    thought("a"),
    thought("b"),
    paragraph("c"),
    thought("d"),
    paragraph("e"),
  ]);
});
