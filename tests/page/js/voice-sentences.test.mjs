// Streamed Markdown, cut into what a voice says.

import assert from "node:assert/strict";
import { test } from "node:test";

import { secondsOf } from "../../../static/js/voice/pieces.js";
import { createSentences, MAX_SECONDS } from "../../../static/js/voice/sentences.js";
import { NOTES } from "../../../static/js/voice/speakable.js";
import { generatorOf } from "./random-markdown.js";
import { cpuMs } from "./cpu-time.js";

const whole = (text, maxSeconds) => createSentences(maxSeconds).end(text);

/** The same text in pieces of `size()` characters; what was withdrawn is not in it. */
function streamed(text, size) {
  const out = [];
  const sentences = createSentences(MAX_SECONDS, (count) => out.splice(-count));
  for (let end = size(); end < text.length; end += size()) out.push(...sentences.feed(text.slice(0, end)));
  out.push(...sentences.end(text));
  return out;
}

const { code, formula, link, checked } = NOTES;
const EXAMPLES = [
  ["One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]],
  ["It costs 3.50 euros. Fine.", ["It costs 3.50 euros.", "Fine."]],
  ["Dr. Smith met Mrs. Jones at 5 p.m. today. They left.", ["Dr. Smith met Mrs. Jones at 5 p.m. today.", "They left."]],
  ["Take 10 to 20 mg, max. 4 g per day. Temp. 38.5 is fine.", ["Take 10 to 20 mg, max. 4 g per day.", "Temp. 38.5 is fine."]],
  ["Fruit, e.g. apples, is good. Eat it.", ["Fruit, e.g. apples, is good.", "Eat it."]],
  ["Well... maybe. Wait… what? Yes.", ["Well... maybe.", "Wait… what?", "Yes."]],
  ['"Really?" he asked. "Yes!" She nodded.', ['"Really?" he asked.', '"Yes!"', "She nodded."]],
  ["花园在后面。请走这边！好吗？好", ["花园在后面。", "请走这边！", "好吗？", "好"]],
  ["好吗?很好!走吧.再见", ["好吗?", "很好!", "走吧.", "再见"]],
  ["他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]],
  ["价格是3.5元。很好。ok。再见。", ["价格是3.5元。", "很好。", "ok。", "再见。"]],
  ["क्या हाल है। ठीक। كيف حالك؟ بخير.", ["क्या हाल है।", "ठीक।", "كيف حالك؟", "بخير."]],
  ["# The title\n\nSome *words* and **strong** ones.", ["The title", "Some words and strong ones."]],
  ["- one\n- [x] two\n* three", ["one", `${checked}two`, "three"]],
  ["1. Wash your hands\n2. Dry them", ["1. Wash your hands", "2. Dry them"]],
  ["A line that\ngoes on here.\n\nA new one", ["A line that goes on here.", "A new one"]],
  ["这一行\n下一行。", ["这一行", "下一行。"]],
  ["Before.\n\n```py\nprint('No.')\n```\n\nAfter.", ["Before.", code, "After."]],
  ["Before:\n~~~\ncode. More.\n~~~\nAfter.", ["Before:", code, "After."]],
  ["See:\n\n| a | b |\n|---|---|\n| 1. | 2 |\n\nDone.", ["See:", "a: 1. b: 2", "Done."]],
  ["This or that | maybe.\nDone.", ["This or that | maybe.", "Done."]],
  ["Look at https://a.example/b.c?d=e. Then go.", [`Look at ${link}a.example.`, "Then go."]],
  ["Read [the guide](https://a.example/x). Good.", ["Read the guide.", "Good."]],
  ["**Take one. And two.** Three.", ["Take one.", "And two.", "Three."]],
  ["[One. Two](https://a.example/) and [1]. Three", ["One.", "Two and [1].", "Three"]],
  ["`a; Be` and `c. Do`. End.", ["a; Be and c. Do.", "End."]],
  ["As shown [1][2]. And 【3†source】 too.", ["As shown [1][2].", "And too."]],
  ["> Quoted words.\n> And more.", ["Quoted words.", "And more."]],
  ["---\n\nText.\n\n***", ["Text."]],
  ["<think>Hm. What now?</think>The answer. Bye.", ["The answer.", "Bye."]],
  ["<details open> <summary>Thinking</summary>Hm.</details>\n\nThe answer.", ["The answer."]],
  ["<think>never ends. Really.", []],
  ["Use `</think>`. Then go on.", ["Use </think>.", "Then go on."]],
  ["$$\nx = 1.\n$$\nSo.", [formula, "So."]],
  ["", []],
  ["...\n\n?!", []],
];

for (const [text, expected] of EXAMPLES) {
  test(`says ${JSON.stringify(text)} in sentences, however it arrives`, () => {
    assert.deepEqual(whole(text), expected);
    for (const size of [1, 2, 3, 7]) assert.deepEqual(streamed(text, () => size), expected, `in pieces of ${size}`);
  });
}

test("a sentence is said before the next one is written", () => {
  const sentences = createSentences();
  assert.deepEqual(sentences.feed("The first one. T"), ["The first one."]);
  assert.deepEqual(sentences.feed("The first one. The second"), []);
  assert.deepEqual(sentences.end("The first one. The second"), ["The second"]);
  assert.deepEqual(createSentences().feed("第一句。"), ["第一句。"]);
  const signs = ["It costs $5 for all.", "Take 2*3 of a_b [1] now."];
  assert.deepEqual(createSentences().feed(`${signs.join(" ")} T`), signs);
});

const BEGINNINGS = [
  ["Visiting hours are from nine to eight every day,", "and the garden is open to everybody while it is light."],
  ["Yes, of course, I can help you with that,", "and I will begin with the first of your three questions."],
  ["The clinic was founded long ago,", "and it has grown since then, year after year,", "into a large house."],
  ["The house in the old garden is open", "to everybody who has an appointment with one of our doctors."],
  ["花园在大楼后面，", "从正门进去以后一直走到底再往左拐就到了，", "请不要走侧门。"],
  ["请您在大厅办理手续", "因为医保结算的窗口在那里，", "周末也开门。"],
];

for (const pieces of BEGINNINGS) {
  const text = pieces.join(/\p{Script=Han}/u.test(pieces[0]) ? "" : " ");
  test(`an answer begins with a clause, however it arrives: ${pieces[0]}`, () => {
    for (const size of [1, 2, 3, 7]) assert.deepEqual(streamed(text, () => size), pieces, `in pieces of ${size}`);
    assert.deepEqual(whole(`Well.\n\nSo.\n\n${text}`), ["Well.", "So.", text]);
  });
}

test("the first clause is said before its sentence is written", () => {
  const sentences = createSentences();
  assert.deepEqual(sentences.feed("Visiting hours are from nine to eight every day, and"), []);
  const more = "Visiting hours are from nine to eight every day, and the garden is op";
  assert.deepEqual(sentences.feed(more), ["Visiting hours are from nine to eight every day,"]);
  assert.deepEqual(sentences.end(more), ["and the garden is op"]);
});

test("a beginning is not cut where that could change what it means", () => {
  for (const text of [
    "I can help you, Mr. Smith.", // short
    "The price of that is 1,000,000 euros for all of it together.",
    "Your blood pressure today, as measured, was 120/80 mmHg in the end.",
    "The values of the last few days, 120, 130 and 140, are fine.",
    "Please take two tablets with a large glass of water when you go to bed.",
    "You should not take these tablets with a glass of grapefruit juice or milk.",
    "You cannot take this medicine with grapefruit juice or with alcohol.",
    "Nobody should take this medicine with grapefruit juice or with alcohol.",
    "You may take neither tablets with milk nor capsules with fruit juice.",
    "Wait about a hundred and twenty minutes before you drink anything.",
    "The level of it was about zero to begin with and it grew after that.",
    "Let it act for fifteen to twenty minutes before you wash it off.",
    "You can take this medicine if you have eaten and your doctor agrees.",
    "The doctor (a specialist, as you know) will come and look at the wound on the left.",
    'He said "come in, please, and sit down with all of us" to the other man.',
    "Washington Airport Terminal North Parking Level Green Section Left Row Fourteen",
    "We are here for Smith and Partners, Inc. of the large city.",
    "如果您感到不舒服请立即告诉护士因为这种药可能会引起头晕和恶心等反应。",
    "这种药每次吃的量是，2片。",
    "他说：“花园在大楼后面，请走这边。”",
  ]) {
    assert.deepEqual(whole(text), [text]);
    assert.deepEqual(streamed(text, () => 1), [text]);
  }
});

test("a sentence too long for one piece is cut nowhere near what changes its meaning", () => {
  const english =
    "people who come to the clinic for the very first time should always talk to somebody at the desk before they are " +
    "seen again by the doctor and they must not take more than four grams of it within a day";
  const chinese = "请您在到达医院之后先到前台登记再到候诊区等候护士叫号并且在没有得到医生允许之前不要服用超过四片药物";
  const risky = /(?:not|take|more|than|four|没有?|没有得到|不要?|服用|超过?|四)$/;
  for (const seconds of [7.2, 12]) {
    const moved = Array.from({ length: 60 }, (_, at) => ["so ".repeat(at) + english, "好".repeat(at) + chinese]).flat();
    const pieces = moved.flatMap((text) => whole(`Well.\n\nSo.\n\n${text}`, seconds).slice(2, -1));
    assert.ok(pieces.length > 100);
    assert.deepEqual(pieces.filter((piece) => risky.test(piece)), []);
  }
});

test("any words are said in the same clauses, whole and in any pieces, and none is lost", () => {
  const { random, pick, seed } = generatorOf();
  const words = "and, with not (a b) the garden, 2 tablets two open to: in “so” 花园在后面， 因为 不 1,000 mg, e.g.".split(" ");
  for (let round = 0; round < 2000 * Number(process.env.FUZZ_TIMES ?? 1); round++) {
    const text = Array.from({ length: 5 + random(30) }, () => pick(words)).join(" ");
    const pieces = whole(text);
    assert.equal(pieces.join("").replace(/\s/g, ""), text.replace(/\s/g, ""));
    assert.deepEqual(streamed(text, () => 1 + random(6)), pieces, `SEED=${seed}, round ${round}: ${text}`);
  }
});

test("what may still become something else waits", () => {
  for (const text of ["a | b. C", "**One. Two. T", "`One. Two. T", "[One. Two. T", "\\(One. Two. T", "【One. Two. T"]) {
    assert.deepEqual(createSentences().feed(text), [], text);
  }
});

// Marks that close a quotation may come after a Chinese sentence was said.
const withoutClosers = (sentences) => sentences.map((sentence) => sentence.replace(/[”’」』）】》"']+$/, ""));

test("any Markdown is said in the same sentences, whole and in any pieces", () => {
  const { random, soup, seed } = generatorOf();
  for (let round = 0; round < 1000 * Number(process.env.FUZZ_TIMES ?? 1); round++) {
    const text = soup(25);
    const [one, other] = [whole(text), streamed(text, () => 1 + random(6))].map(withoutClosers);
    assert.deepEqual(other, one, `SEED=${seed}, round ${round}: ${JSON.stringify(text)}`);
  }
});

test("from the late end of a thought on, what comes after it is said, once", () => {
  const steps = [
    ["Ten or", [], 0],
    ["Ten or so. No", ["Ten or so."], 0],
    ["Ten or so. No, ten.\n\nAnd s", ["No, ten."], 0],
    ["Ten or so. No, ten.\n\nAnd so. </thi", ["And so."].slice(1), 0],
    ["Ten or so. No, ten.\n\nAnd so. </think>\n\nTen or so. Th", ["Ten or so."], 2],
    ["Ten or so. No, ten.\n\nAnd so. </think>\n\nTen or so. That is", [], 0],
  ];
  let withdrawn;
  const sentences = createSentences(MAX_SECONDS, (count) => (withdrawn += count));
  for (const [text, fresh, count] of steps) {
    withdrawn = 0;
    assert.deepEqual([sentences.feed(text), withdrawn], [fresh, count], text);
  }
  assert.deepEqual(sentences.end(steps.at(-1)[0]), ["That is"]);
});

test("what was answered before another thought stays said", () => {
  const text = "<think>a</think>One. Two.\n\n<think>b</think>\n\nThree. Four. Five.</think>Six. Seven.";
  for (const size of [1, 4, 30]) assert.deepEqual(streamed(text, () => size), ["One.", "Two.", "Six.", "Seven."]);
  assert.deepEqual(whole(text), ["One.", "Two.", "Six.", "Seven."]);
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
    const parts = streamed(text, () => 5);
    for (const part of parts) assert.ok(secondsOf(part) <= MAX_SECONDS, part);
    assert.equal(parts.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
    assert.ok(parts.every((part) => part.isWellFormed?.() ?? true));
  }
});

test("no sentence is cut within a number, a number and its unit, or a word", () => {
  for (let length = 1; length < 60; length++) {
    const english = `${"word ".repeat(length)}which cost 1,000,000 euros or 2 – 3 mg, ${"word ".repeat(60)}`;
    const chinese = `${"字".repeat(length)}每次12.5片和1,000毫克${"字".repeat(60)}`;
    const parts = [...whole(english), ...whole(chinese)];
    for (const kept of ["1,000,000 euros", "2 – 3 mg", "12.5片", "1,000毫克"]) {
      assert.ok(parts.some((part) => part.includes(kept)), `${kept} after ${length} words`);
    }
  }
});

test("no input takes long", () => {
  for (const piece of ["[", "[a](", "【", "<a ", "$$", "$a ", "*", "`a ", "“", "a. ", "- ", "`</think>", "不", "no "]) {
    const text = piece.repeat(60_000 / piece.length);
    assert.ok(cpuMs(() => [createSentences().feed(text), whole(text)]) < 2_000, piece);
  }
});

test("50 kB in small pieces take no time worth mentioning", () => {
  const text = "Some **words** of a [sentence](https://a.example/), and more.\n\n- an item\n\n".repeat(700);
  assert.ok(cpuMs(() => streamed(text, () => 20)) < 5000);
});

test("after a pause the last sentence is taken for whole, and what goes on after all is said, too", () => {
  const sentences = createSentences();
  assert.deepEqual(sentences.feed("I see. Shall I call the nurse?\n\n"), ["I see."]);
  assert.deepEqual(sentences.pause("I see. Shall I call the nurse?\n\n"), ["Shall I call the nurse?"]);
  assert.deepEqual(sentences.pause("I see. Shall I call the nurse?\n\n"), []);
  assert.deepEqual(sentences.end("I see. Shall I call the nurse?\n\nSay yes."), ["Say yes."]);
  const other = createSentences();
  assert.deepEqual(other.pause("It opens at nine."), ["It opens at nine."]);
  assert.deepEqual(other.feed("It opens at nine. or at ten. But"), ["or at ten."]);
  assert.deepEqual(other.end("It opens at nine. or at ten. But not today."), ["But not today."]);
});

test("what was said after a pause is not said again, wherever the longer sentence is cut", () => {
  const words = (pieces) => pieces.join("").replace(/\s+/g, "");
  const starts = ["Of course you may come and see her here, it is.", "当然您可以过来看她一会儿，可以ok.", "You may come: now. Then, of course you may, she said."];
  const goOns = [" or perhaps tomorrow, when the doctor was here. Bye.", " and, if you like, with the children. Bye."];
  for (const start of starts) {
    for (const goOn of goOns) {
      for (let at = 1; at <= goOn.length; at++) {
        const sentences = createSentences();
        const said = [sentences.feed(start), sentences.pause(start), sentences.feed(start + goOn.slice(0, at)), sentences.end(start + goOn)];
        assert.equal(words(said.flat()), words([start + goOn]), goOn.slice(0, at));
      }
    }
  }
});

test("what may be half a number, or a short form, is not taken for a sentence", () => {
  for (const text of ["Take 2.", "Ask Dr.", "It is 5 mg, e.g.", "Take it at"]) {
    assert.deepEqual(createSentences().pause(text), [], text);
  }
});

test("wherever it pauses, all words are said, and none twice", () => {
  const words = (pieces) => pieces.join("").replace(/\s+/g, "");
  const more = "I see. Is it you? or him. Take 2.5 mg of Dr. No's. Well…\n\n- One thing. \n- Another!\n\nSay “yes.” Then go. 好的。再见 then.";
  for (const text of [...EXAMPLES.map(([example]) => example), more]) {
    for (let at = 1; at < text.length; at++) {
      const out = [];
      const sentences = createSentences(MAX_SECONDS, (count) => out.splice(-count));
      for (const part of [text.slice(0, at), text.slice(0, at + 5)]) {
        out.push(...sentences.feed(part));
        out.push(...sentences.pause(part));
      }
      out.push(...sentences.end(text));
      assert.equal(words(out), words(whole(text)), `${text.slice(0, at)}|${text.slice(at)}`);
    }
  }
});
