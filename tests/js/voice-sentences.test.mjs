// Streamed Markdown, cut into what a voice says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createSentences, MAX_SECONDS, secondsOf } from "../../static/js/voice/sentences.js";

const whole = (text) => createSentences().end(text);

/** The same text in pieces of `size` characters. */
function streamed(text, size) {
  const sentences = createSentences();
  const out = [];
  for (let end = size; end < text.length; end += size) out.push(...sentences.feed(text.slice(0, end)));
  return [...out, ...sentences.end(text)];
}

const EXAMPLES = [
  ["One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]],
  ["It costs 3.50 euros. Fine.", ["It costs 3.50 euros.", "Fine."]],
  ["Dr. Smith met Mrs. Jones at 5 p.m. on Monday. They left.", ["Dr. Smith met Mrs. Jones at 5 p.m. on Monday.", "They left."]],
  ["Fruit, e.g. apples, is good. Eat it.", ["Fruit, e.g. apples, is good.", "Eat it."]],
  ["Well... maybe. Wait… what? Yes.", ["Well... maybe.", "Wait… what?", "Yes."]],
  ['"Really?" he asked. "Yes!" She nodded.', ['"Really?" he asked.', '"Yes!"', "She nodded."]],
  ["花园在后面。请走这边！好吗？好", ["花园在后面。", "请走这边！", "好吗？", "好"]],
  ["他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]],
  ["价格是3.5元。很好。再见。", ["价格是3.5元。", "很好。", "再见。"]],
  ["# The title\n\nSome *words* and **strong** ones.", ["The title", "Some words and strong ones."]],
  ["- one\n- [x] two\n* three", ["one", "two", "three"]],
  ["1. Wash your hands\n2. Dry them", ["1. Wash your hands", "2. Dry them"]],
  ["A line that\ngoes on here.\n\nA new one", ["A line that goes on here.", "A new one"]],
  ["这一行\n接着说。", ["这一行接着说。"]],
  ["Before.\n\n```py\nprint('No.')\n```\n\nAfter.", ["Before.", "After."]],
  ["Before:\n~~~\ncode. More.\n~~~\nAfter.", ["Before:", "After."]],
  ["See:\n\n| a | b |\n|---|---|\n| 1. | 2 |\n\nDone.", ["See:", "Done."]],
  ["See:\n\na | b\n---|---\n1. x | 2\n\nDone.", ["See:", "Done."]],
  ["This or that | maybe.\nDone.", ["This or that | maybe.", "Done."]],
  ["Look at https://a.example/b.c?d=e. Then go.", ["Look at.", "Then go."]],
  ["见https://a.example/b。走吧。", ["见。", "走吧。"]],
  ["Read [the guide](https://a.example/x) now. Good.", ["Read the guide now.", "Good."]],
  ["An ![image of a cat](x.png) here.", ["An image of a cat here."]],
  ["Type `ls -l` now.", ["Type ls -l now."]],
  ["2 * 3 is 6, snake_case stays, _this_ and ~~that~~ too.", ["2 * 3 is 6, snake_case stays, this and that too."]],
  ["As shown [1][2]. And 【3†source】 too.", ["As shown.", "And too."]],
  ["Great! 🎉👩‍⚕️ Next.", ["Great!", "Next."]],
  ["> Quoted words.\n> And more.", ["Quoted words.", "And more."]],
  ["---\n\nText.\n\n***", ["Text."]],
  ["Fish &amp; chips <b>now</b>.<br>Yes.", ["Fish & chips now.", "Yes."]],
  ["<think>Hm. What now?</think>The answer. Bye.", ["The answer.", "Bye."]],
  ["<details open> <summary>Thinking</summary>Hm.</details>\n\nThe answer.", ["The answer."]],
  ["<think>never ends. Really.", []],
  ["1 < 2. Sure.", ["1 < 2.", "Sure."]],
  ["$$\nx = 1.\n$$\nSo.", ["So."]],
  ["", []],
  ["...\n\n?!", []],
];

for (const [text, expected] of EXAMPLES) {
  test(`says ${JSON.stringify(text)} in sentences, however it arrives`, () => {
    assert.deepEqual(whole(text), expected);
    for (const size of [1, 2, 3, 7]) assert.deepEqual(streamed(text, size), expected, `in pieces of ${size}`);
  });
}

test("a sentence is said before the next one is written", () => {
  const sentences = createSentences();
  assert.deepEqual(sentences.feed("The first one. T"), ["The first one."]);
  assert.deepEqual(sentences.feed("The first one. The second"), []);
  assert.deepEqual(sentences.end("The first one. The second"), ["The second"]);
  assert.deepEqual(createSentences().feed("第一句。"), ["第一句。"]);
});

test("a long sentence is cut at commas or spaces, and no word is lost", () => {
  for (const text of [
    "and so on, with some more words, ".repeat(30).trim(),
    "word ".repeat(200).trim(),
    "一二三四五六七八九十，".repeat(30),
    "字".repeat(300),
    "𠀀".repeat(200),
    "x".repeat(2000),
  ]) {
    const parts = streamed(text, 5);
    for (const part of parts) assert.ok(secondsOf(part) <= MAX_SECONDS, part);
    assert.equal(parts.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    assert.ok(parts.every((part) => part.isWellFormed?.() ?? true));
  }
});

test("a number is not cut at its comma", () => {
  const [first] = whole(`${"about so many words ".repeat(8)}, which cost 1,000,000 euros in all and even more than that`);
  assert.ok(!first.endsWith("1,"));
});

test("no input takes long", () => {
  const started = performance.now();
  for (const text of ["[", "[a](", "【", "<a ", "$$", "*", "“", "a. ", "- "]) whole(text.repeat(60_000 / text.length));
  assert.ok(performance.now() - started < 5000);
});

test("50 kB in small pieces take no time worth mentioning", () => {
  const text = "Some **words** of a [sentence](https://a.example/), and more.\n\n- an item\n\n".repeat(700);
  const from = performance.now();
  streamed(text, 20);
  assert.ok(performance.now() - from < 2000);
});
