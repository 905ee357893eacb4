// Sentences said one after the other, and an answer read while it is written.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createReader } from "../../static/js/voice/reader.js";

const synth = { getVoices: () => [], resume() {}, cancel: mock.fn(), speak: mock.fn(), speaking: false };
globalThis.speechSynthesis = synth;
globalThis.SpeechSynthesisUtterance = class {
  constructor(text) {
    this.text = text;
  }
};
const { synthesis, languageOf, voicesFor } = await import("../../static/js/voice/synthesis.js");

let log, told, changes;

beforeEach(() => {
  [log, told, changes] = [[], [], []];
});

/** A way of speaking that ends each sentence when the test says so. */
function scripted(name, { fails = false } = {}) {
  const way = { playing: [] };
  way.load = async (text) => {
    log.push(`${name} loads ${text}`);
    if (fails) throw new Error("no audio");
    return text;
  };
  way.play = (text) => {
    log.push(`${name} plays ${text}`);
    return new Promise((resolve) => way.playing.push(resolve));
  };
  way.silence = async () => {};
  way.cancel = () => log.push(`${name} is cancelled`);
  way.ends = async () => {
    way.playing.shift()();
    await settled();
  };
  return way;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Notes in `told` what it says, and how each answer ended. */
function readerWith(...ways) {
  const reader = createReader({
    ways: () => [...ways],
    onSaying: (text) => told.push(text),
    onChange: () => changes.push(reader.reading()),
    onDone: (id, hasFailed) => told.push({ id, hasFailed }),
  });
  return reader;
}

function read(reader, id, text) {
  reader.begin(id);
  reader.end({ id, text });
}

test("one sentence is said after the other, and the next is loaded meanwhile", async () => {
  const way = scripted("it");
  const reader = readerWith(way);
  read(reader, "t", "One. Two. Three.");
  await settled();
  assert.deepEqual(log, ["it loads One.", "it loads Two.", "it plays One."]);
  await way.ends();
  assert.deepEqual(log.slice(3), ["it loads Three.", "it plays Two."]);
  await way.ends();
  await way.ends();
  assert.deepEqual(told, ["One.", "Two.", "Three.", { id: "t", hasFailed: false }]);
  assert.equal(reader.reading(), null);
});

test("where one way of speaking fails, the next takes over, with the same sentence", async () => {
  const own = scripted("own");
  read(readerWith(scripted("dify", { fails: true }), own), "t", "One. Two.");
  await settled();
  await own.ends();
  await own.ends();
  assert.deepEqual(told, ["One.", "Two.", { id: "t", hasFailed: false }]);
  assert.ok(!log.includes("dify plays One."));
});

test("what failed is tried again when more is written after a silence", async () => {
  const [dify, own] = [scripted("dify", { fails: true }), scripted("own")];
  const reader = readerWith(dify, own);
  reader.begin("t");
  reader.follow({ id: "t", text: "One. Two" });
  await settled();
  await own.ends();
  reader.follow({ id: "t", text: "One. Two. Three" });
  await settled();
  assert.deepEqual(log.filter((entry) => entry.startsWith("dify")), ["dify loads One.", "dify loads Two."]);
});

test("where nothing can speak, it says so and is idle", async () => {
  for (const reader of [readerWith(), readerWith(scripted("dify", { fails: true }))]) {
    read(reader, "t", "One. Two.");
    await settled();
    assert.deepEqual(told.splice(0), [{ id: "t", hasFailed: true }]);
    assert.equal(reader.reading(), null);
  }
});

test("what was stopped is not said any more, and what comes after is", async () => {
  const way = scripted("it");
  const reader = readerWith(way);
  read(reader, "t", "One. Two.");
  await settled();
  reader.stop();
  read(reader, "u", "Three.");
  await settled();
  await way.ends();
  assert.deepEqual(told, ["One.", "Three."]);
  await way.ends();
  assert.deepEqual(told, ["One.", "Three.", { id: "u", hasFailed: false }]);
});

test("an answer is read while it is written, and is done when all is said", async () => {
  const way = scripted("it");
  const reader = readerWith(way);
  reader.begin("t");
  reader.follow({ id: "t", text: "The first. The" });
  reader.follow({ id: "other", text: "Nothing. At all" });
  await settled();
  assert.deepEqual([told, changes], [["The first."], ["t"]]);
  await way.ends();
  assert.deepEqual(told, ["The first."]);
  reader.end({ id: "t", text: "The first. The last." });
  await settled();
  await way.ends();
  assert.deepEqual(told.slice(1), ["The last.", { id: "t", hasFailed: false }]);
  assert.deepEqual(changes, ["t", null]);
  read(reader, "e", "```\ncode\n```");
  assert.deepEqual(told.at(-1), { id: "e", hasFailed: false });
});

test("of an answer that was withdrawn, nothing more is said", async () => {
  const reader = readerWith(scripted("it"));
  reader.begin("t");
  reader.follow({ id: "t", text: "Bad. Worse. X" });
  await settled();
  reader.follow({ id: "t", text: "Blocked. X", replaced: true });
  await settled();
  assert.deepEqual(told, ["Bad.", "Blocked."]);
});

test("the language of a sentence is that of its script", () => {
  assert.equal(languageOf("Hello", "en"), "en");
  assert.equal(languageOf("Hello", "zh-CN"), "en-US");
  assert.equal(languageOf("你好 Dify", "en"), "zh-CN");
  assert.equal(languageOf("こんにちは、世界", "en"), "ja-JP");
  assert.equal(languageOf("42", "zh-CN"), "zh-CN");
});

test("voices are those of the language, the best first", () => {
  const voices = [
    { name: "Anna", lang: "de-DE" },
    { name: "Plain", lang: "en_GB", localService: true },
    { name: "Google US English", lang: "en-US" },
    { name: "Tingting", lang: "cmn-Hans-CN" },
  ];
  assert.deepEqual(voicesFor("en-US", voices).map(({ name }) => name), ["Google US English", "Plain"]);
  assert.deepEqual(voicesFor("zh-CN", voices).map(({ name }) => name), ["Tingting"]);
});

test("a browser that never says that it began or ended does not hold up what comes next", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const lost = synthesis.play("one");
  await Promise.resolve();
  mock.timers.tick(5_000);
  await assert.rejects(lost, /no voice/);
  mock.timers.tick(1_000); // after a cancel it waits a moment
  const endless = synthesis.play("two");
  mock.timers.tick(1_000);
  await Promise.resolve();
  synth.speak.mock.calls.at(-1).arguments[0].onstart();
  mock.timers.tick(10_000);
  await endless;
  assert.equal(synth.cancel.mock.callCount(), 2);
  mock.timers.reset();
});
