// Sentences said one after the other, and an answer read while it is written.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createReader, createSpeaker } from "../../static/js/voice/reader.js";

const synth = { getVoices: () => [], resume() {}, cancel: mock.fn(), speak: mock.fn(), speaking: false };
globalThis.speechSynthesis = synth;
globalThis.SpeechSynthesisUtterance = class {
  constructor(text) {
    this.text = text;
  }
};
const { createSynthesis, languageOf, voicesFor } = await import("../../static/js/voice/synthesis.js");

let log, told;

beforeEach(() => {
  [log, told] = [[], []];
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
const speakerWith = (...ways) =>
  createSpeaker({ ways: () => ways, onSaying: (text) => told.push(text), onIdle: (hasFailed) => told.push({ hasFailed }) });

test("one sentence is said after the other, and the next is loaded meanwhile", async () => {
  const way = scripted("it");
  const speaker = speakerWith(way);
  for (const text of ["one", "two", "three"]) speaker.say(text);
  await settled();
  assert.deepEqual(log, ["it loads one", "it loads two", "it plays one"]);
  await way.ends();
  assert.deepEqual(log.slice(3), ["it loads three", "it plays two"]);
  await way.ends();
  await way.ends();
  assert.deepEqual(told, ["one", "two", "three", { hasFailed: false }]);
  assert.ok(speaker.isIdle());
});

test("where one way of speaking fails, the next takes over, with the same sentence", async () => {
  const own = scripted("own");
  const speaker = speakerWith(scripted("dify", { fails: true }), own);
  speaker.say("one");
  speaker.say("two");
  await settled();
  await own.ends();
  await own.ends();
  assert.deepEqual(told, ["one", "two", { hasFailed: false }]);
  assert.ok(!log.includes("dify plays one"));
});

test("where nothing can speak, it says so and is idle", async () => {
  for (const speaker of [speakerWith(), speakerWith(scripted("dify", { fails: true }))]) {
    speaker.say("one");
    speaker.say("two");
    await settled();
    assert.deepEqual(told.splice(0), [{ hasFailed: true }]);
  }
});

test("what was cancelled is not said any more, and what comes after is", async () => {
  const way = scripted("it");
  const speaker = speakerWith(way);
  speaker.say("one");
  speaker.say("two");
  await settled();
  speaker.cancel();
  speaker.say("three");
  await settled();
  await way.ends();
  assert.deepEqual(told, ["one", "three"]);
  await way.ends();
  assert.deepEqual(told, ["one", "three", { hasFailed: false }]);
});

test("an answer is read while it is written, and is done when all is said", async () => {
  const way = scripted("it");
  const done = [];
  const reader = createReader({
    ways: () => [way],
    rate: () => 1,
    onSaying: (text) => told.push(text),
    onChange: (id) => told.push(id),
    onDone: (id) => done.push(id),
  });
  reader.begin("t");
  reader.follow({ id: "t", text: "The first. The" });
  reader.follow({ id: "other", text: "Nothing. At all" });
  await settled();
  assert.deepEqual(told, ["t", "The first."]);
  await way.ends();
  assert.deepEqual(done, []);
  reader.end({ id: "t", text: "The first. The last." });
  await settled();
  await way.ends();
  assert.deepEqual([told.slice(2), done], [["The last.", null], ["t"]]);
  reader.begin("e");
  reader.end({ id: "e", text: "```\ncode\n```" });
  assert.deepEqual(done, ["t", "e"]);
});

test("of an answer that was withdrawn, nothing more is said", async () => {
  const way = scripted("it");
  const reader = createReader({ ways: () => [way], rate: () => 1, onSaying: (text) => told.push(text), onChange() {}, onDone() {} });
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
  const way = createSynthesis({ voice: "", rate: 1 });
  const lost = way.play("one");
  await Promise.resolve();
  mock.timers.tick(5_000);
  await assert.rejects(lost, /no voice/);
  mock.timers.tick(1_000); // after a cancel it waits a moment
  const endless = way.play("two");
  mock.timers.tick(1_000);
  await Promise.resolve();
  synth.speak.mock.calls.at(-1).arguments[0].onstart();
  mock.timers.tick(10_000);
  await endless;
  assert.equal(synth.cancel.mock.callCount(), 2);
  mock.timers.reset();
});
