// Sentences said one after the other, and an answer read while it is written.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createReadAloud } from "../../../static/js/voice/read-aloud.js";

const synth = { getVoices: () => [], resume() {}, cancel: mock.fn(), speak: mock.fn(), speaking: false };
globalThis.speechSynthesis = synth;
globalThis.SpeechSynthesisUtterance = class {
  constructor(text) {
    this.text = text;
  }
};
const { settings } = await import("../../../static/js/voice/settings.js");
const { languageOf } = await import("../../../static/js/voice/language-detection.js");
const { synthesis, voicesFor } = await import("../../../static/js/voice/synthesis.js");

let log, told, changes;

beforeEach(() => {
  [log, told, changes] = [[], [], []];
});

/** A speech engine that ends each sentence when the test says so. */
function scripted(name, { fails = false } = {}) {
  const engine = { playing: [] };
  engine.load = async (text) => {
    log.push(`${name} loads ${text}`);
    if (fails) throw new Error("no audio");
    return text;
  };
  engine.play = (text) => {
    log.push(`${name} plays ${text}`);
    return new Promise((resolve) => engine.playing.push(resolve));
  };
  engine.silence = async () => {};
  engine.cancel = () => log.push(`${name} is cancelled`);
  engine.hush = () => log.push(`${name} is hushed`);
  engine.backOff = { failed: () => log.push(`${name} backs off`) };
  engine.ends = async () => {
    engine.playing.shift()();
    await settled();
  };
  return engine;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Notes in `told` what it says, and how each answer ended. */
function readAloudWith(...engines) {
  const readAloud = createReadAloud({
    engines: () => [...engines],
    onSaying: (text) => told.push(text),
    onChange: () => changes.push(readAloud.reading()),
    onDone: (id, hasFailed) => told.push({ id, hasFailed }),
  });
  return readAloud;
}

function read(readAloud, id, text) {
  readAloud.begin(id);
  readAloud.end({ id, text });
}

test("one sentence is said after the other, and those that follow are loaded meanwhile", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  read(readAloud, "t", "One. Two. Three.");
  await settled();
  assert.deepEqual(log, ["it loads One.", "it loads Two.", "it loads Three.", "it plays One."]);
  await engine.ends();
  assert.deepEqual(log.slice(4), ["it plays Two."]);
  await engine.ends();
  await engine.ends();
  assert.deepEqual(told, ["One.", "Two.", "Three.", { id: "t", hasFailed: false }]);
  assert.equal(readAloud.reading(), null);
});

test("of a long answer, no more is loaded than is said within a while", async () => {
  const engine = scripted("it");
  const loaded = () => log.filter((entry) => entry.includes("loads")).length;
  const sentence = `Many ${"words ".repeat(9)}end. `; // some four seconds
  read(readAloudWith(engine), "t", sentence.repeat(9));
  await settled();
  assert.equal(loaded(), 3);
  await engine.ends();
  assert.equal(loaded(), 4);
  [log.length, engine.playing.length] = [0, 0];
  read(readAloudWith(engine), "t", "Yes. ".repeat(99));
  await settled();
  assert.equal(loaded(), 5);
});

test("where one speech engine fails, the next takes over, with the same sentence", async () => {
  const own = scripted("own");
  read(readAloudWith(scripted("dify", { fails: true }), own), "t", "One. Two.");
  await settled();
  await own.ends();
  await own.ends();
  assert.deepEqual(told, ["One.", "Two.", { id: "t", hasFailed: false }]);
  assert.ok(!log.includes("dify plays One."));
});

test("an engine that hangs is given up where another can speak, and waited for where none can", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [hung, other] = [scripted("hung"), scripted("other")];
  hung.load = () => new Promise(() => {});
  for (const [engines, happens] of [[[hung, other], ["hung backs off", "other loads One.", "other plays One."]], [[hung], []]]) {
    const readAloud = readAloudWith(...engines);
    readAloud.begin("a");
    readAloud.end({ id: "a", text: "One." });
    await settled();
    context.mock.timers.tick(4_999);
    await settled();
    assert.deepEqual(log, []);
    context.mock.timers.tick(1);
    await settled();
    assert.deepEqual(log, happens);
    readAloud.stop();
    log.length = 0;
  }
});

test("what failed is tried again when more is written after a silence", async () => {
  const [dify, own] = [scripted("dify", { fails: true }), scripted("own")];
  const readAloud = readAloudWith(dify, own);
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "One. Two" });
  await settled();
  await own.ends();
  readAloud.follow({ id: "t", text: "One. Two. Three" });
  await settled();
  assert.deepEqual(log.filter((entry) => entry.startsWith("dify loads")), ["dify loads One.", "dify loads Two."]);
});

test("where nothing can speak, it says so and is idle", async () => {
  for (const readAloud of [readAloudWith(), readAloudWith(scripted("dify", { fails: true }))]) {
    read(readAloud, "t", "One. Two.");
    await settled();
    assert.deepEqual(told.splice(0), [{ id: "t", hasFailed: true }]);
    assert.equal(readAloud.reading(), null);
  }
});

test("where the only voice fails amid an answer, nothing is left out: what follows is not said either", async () => {
  const engine = scripted("dify");
  const { load } = engine;
  engine.load = (text) => (text === "Two." ? Promise.reject(new Error("no audio")) : load(text));
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "One. Two. Th" });
  await settled();
  await engine.ends();
  assert.deepEqual(told, ["One.", { id: "t", hasFailed: true }]);
  assert.equal(log.at(-1), "dify backs off");
  readAloud.follow({ id: "t", text: "One. Two. Three. F" });
  readAloud.end({ id: "t", text: "One. Two. Three. Four." });
  await settled();
  assert.deepEqual(told.length, 2);
});

test("a voice that is stopped while it loads has not failed", async () => {
  const engine = cancellable("dify");
  engine.load = () => new Promise((_, reject) => (engine.fails = reject));
  const readAloud = readAloudWith(engine);
  read(readAloud, "t", "One.");
  await settled();
  readAloud.stop();
  engine.fails(new Error("aborted"));
  await settled();
  assert.deepEqual([log.includes("dify backs off"), told], [false, []]);
});

test("what is read begins anew without giving up what is being loaded, and else gives it up", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  read(readAloud, "t", "One. Two.");
  await settled();
  read(readAloud, "t", "One. Two.");
  await settled();
  assert.deepEqual(log.filter((line) => line.includes(" is ")), ["it is hushed"]);
  read(readAloud, "u", "Three.");
  await settled();
  assert.ok(log.includes("it is cancelled"));
});

test("what was stopped is not said any more, and what comes after is", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  read(readAloud, "t", "One. Two.");
  await settled();
  readAloud.stop();
  read(readAloud, "u", "Three.");
  await settled();
  await engine.ends();
  assert.deepEqual(told, ["One.", "Three."]);
  await engine.ends();
  assert.deepEqual(told, ["One.", "Three.", { id: "u", hasFailed: false }]);
});

test("an answer is read while it is written, and is done when all is said", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "The first. The" });
  readAloud.follow({ id: "other", text: "Nothing. At all" });
  await settled();
  assert.deepEqual([told, changes], [["The first."], ["t"]]);
  await engine.ends();
  assert.deepEqual(told, ["The first."]);
  readAloud.end({ id: "t", text: "The first. The last." });
  await settled();
  await engine.ends();
  assert.deepEqual(told.slice(1), ["The last.", { id: "t", hasFailed: false }]);
  assert.deepEqual(changes, ["t", null]);
  read(readAloud, "e", "---");
  assert.deepEqual(told.at(-1), { id: "e", hasFailed: false });
});

test("what is probably said first is loaded before it is sure, once", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  const clause = "Take it with some water,";
  const text = `${clause} before you go to sleep tonight, and with bread.`;
  for (const part of ["Take it", clause, `${clause} before`]) readAloud.follow({ id: "t", text: part });
  await settled();
  assert.deepEqual(log, [`it loads ${clause}`]);
  readAloud.end({ id: "t", text });
  await settled();
  assert.deepEqual(log.slice(1, 3), ["it loads before you go to sleep tonight,", "it loads and with bread."]);
  assert.equal(log[3], `it plays ${clause}`);
});

test("what was loaded and is not said after all is not heard", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  for (const text of ["Please take it with water,", "Please take it with water, 2"]) readAloud.follow({ id: "t", text });
  readAloud.end({ id: "t", text: "Please take it with water, 2 each." });
  await settled();
  assert.deepEqual(log.filter((line) => line.includes("plays")), ["it plays Please take it with water, 2 each."]);
});

test("of an answer that was withdrawn, nothing more is said", async () => {
  const readAloud = readAloudWith(scripted("it"));
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "Bad. Worse. X" });
  await settled();
  readAloud.follow({ id: "t", text: "Blocked. X", replaced: true });
  await settled();
  assert.deepEqual(told, ["Bad.", "Blocked."]);
});

test("of a thought that ends late, nothing more is said, and of the answer everything", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "<think>a</think>One. Two. Three" });
  await settled();
  readAloud.follow({ id: "t", text: "<think>a</think>One. Two. Three.</think>One. F" });
  await settled();
  assert.deepEqual(told, ["One.", "One."]);
  assert.ok(log.includes("it is cancelled"));
  readAloud.end({ id: "t", text: "<think>a</think>One. Two. Three.</think>One. Four." });
  await engine.ends();
  await engine.ends();
  await engine.ends();
  assert.deepEqual(told, ["One.", "One.", "Four.", { id: "t", hasFailed: false }]);
});

test("what stands before a thought that ends late is said, what waits of the thought is not", async () => {
  const engine = scripted("it");
  const readAloud = readAloudWith(engine);
  readAloud.begin("t");
  readAloud.follow({ id: "t", text: "Now. Then.\n\n<think>a</think>\n\nHm. So" });
  readAloud.follow({ id: "t", text: "Now. Then.\n\n<think>a</think>\n\nHm. So.</think>Good. B" });
  readAloud.end({ id: "t", text: "Now. Then.\n\n<think>a</think>\n\nHm. So.</think>Good. Bye." });
  for (let count = 0; count < 4; count++) {
    await settled();
    await engine.ends();
  }
  assert.deepEqual(told, ["Now.", "Then.", "Good.", "Bye.", { id: "t", hasFailed: false }]);
});

// What the app says by itself

/** As made by app-speech.js, led by the test: `begins()`, then what of it is played. */
function ownSpeech() {
  const stream = { clip: "its own", seconds: 0, whole: false, added: [], isOver: false };
  const isBegun = new Promise((resolve) => (stream.begins = resolve));
  stream.begun = () => isBegun;
  stream.end = () => {
    stream.isOver = true;
    stream.begins();
  };
  stream.add = ({ number }) => stream.added.push(number);
  stream.played = () => stream.seconds;
  stream.isWhole = () => stream.whole;
  return stream;
}

const loads = () => log.filter((entry) => entry.includes("loads"));

test("what the app says by itself is played as it comes, and nothing else is asked for", async () => {
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith(engine);
  readAloud.begin("t", stream);
  readAloud.follow({ id: "t", text: "One. Two. Th" });
  readAloud.hear({ id: "t", number: 0 });
  readAloud.hear({ id: "other", number: 0 });
  assert.deepEqual([stream.added, log], [[0], []]);
  stream.begins();
  await settled();
  assert.deepEqual([log, told], [["it plays its own"], ["One. Two."]]); // all of it may be heard
  readAloud.follow({ id: "t", text: "One. Two. Three" });
  readAloud.end({ id: "t", text: "One. Two. Three." });
  assert.ok(stream.isOver);
  Object.assign(stream, { seconds: 1, whole: true });
  await engine.ends();
  assert.deepEqual(told.slice(1), ["One. Two. Three.", { id: "t", hasFailed: false }]);
  assert.deepEqual([loads(), stream.hasFailed], [[], false]);
});

test("where the app breaks off, what it may not have said is read", async () => {
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith(engine);
  const [one, two] = ["The garden is behind the house.", "It is open until eight o'clock."]; // two seconds each
  readAloud.begin("t", stream);
  readAloud.end({ id: "t", text: `${one} ${two} Bye.` });
  stream.seconds = 3;
  await settled();
  await engine.ends();
  assert.deepEqual([loads(), stream.hasFailed], [[`it loads ${two}`, "it loads Bye."], true]);
});

test("where the app says that it is done and has hardly spoken, all is read", async () => {
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith(engine);
  readAloud.begin("t", stream);
  readAloud.end({ id: "t", text: "The garden is behind the house." });
  Object.assign(stream, { seconds: 0.1, whole: true });
  await settled();
  await engine.ends();
  assert.deepEqual(loads(), ["it loads The garden is behind the house."]);
});

test("where the app's speech cannot be played to its end, the rest is read", async () => {
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith({ ...engine, play: (clip) => (clip === stream.clip ? Promise.reject() : engine.play(clip)) });
  readAloud.begin("t", stream);
  readAloud.end({ id: "t", text: "The garden is behind the house. It is open." });
  Object.assign(stream, { seconds: 2.8, whole: true });
  await settled();
  assert.deepEqual([loads(), stream.hasFailed], [["it loads It is open."], true]);
});

test("an app that does not begin to speak in time is not waited for", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith(engine);
  readAloud.begin("t", stream);
  mock.timers.tick(60_000); // before there is a sentence, nothing is late
  readAloud.follow({ id: "t", text: "One. Two" });
  mock.timers.tick(1_900);
  assert.ok(!stream.isOver);
  mock.timers.tick(200);
  mock.timers.reset();
  await settled();
  assert.deepEqual([log.slice(-2), stream.hasFailed], [["it loads One.", "it plays One."], true]);
  await engine.ends();
  readAloud.end({ id: "t", text: "One. Two." });
  await settled();
  await engine.ends();
  assert.deepEqual(told, ["One.", "Two.", { id: "t", hasFailed: false }]);
});

test("thoughts, which an app would say, too, are not heard", async () => {
  const [engine, stream] = [scripted("it"), ownSpeech()];
  const readAloud = readAloudWith(engine);
  readAloud.begin("t", stream);
  readAloud.follow({ id: "t", text: "<think>Hm" });
  readAloud.end({ id: "t", text: "<think>Hm.</think>Yes." });
  await settled();
  assert.deepEqual(loads(), ["it loads Yes."]);
});

test("what was stopped or withdrawn ends the app's own speech, too", async () => {
  const [engine, first, second] = [scripted("it"), ownSpeech(), ownSpeech()];
  const readAloud = readAloudWith(engine);
  readAloud.begin("t", first);
  first.begins();
  await settled();
  readAloud.stop();
  assert.deepEqual([first.isOver, log.at(-1)], [true, "it is cancelled"]);
  await engine.ends();
  assert.equal(first.hasFailed, undefined);
  readAloud.begin("u", second);
  readAloud.follow({ id: "u", text: "Bad. W" });
  readAloud.follow({ id: "u", text: "Blocked. X", replaced: true });
  await settled();
  assert.deepEqual([second.isOver, loads()], [true, ["it loads Blocked."]]);
});

test("each sentence is said in its own language, and as people say it there", async () => {
  const loaded = [];
  const engine = { load: async (...sentence) => loaded.push(sentence), play: async () => {}, cancel() {} };
  read(readAloudWith(engine), "t", "10~20. 每日2~3次。2~3\n\n```\nx\n```\n\nTake 2~3. 2〜3回です。`x`");
  for (let count = 0; count < 9; count++) await settled();
  assert.deepEqual(loaded, [
    ["10 to 20.", "en-US"],
    ["每日2到3次。", "zh-CN"],
    ["2到3", "zh-CN"],
    ["屏幕上有代码。", "zh-CN"],
    ["Take 2 to 3.", "en-US"],
    ["2〜3回です。", "ja-JP"],
    ["x", "en-US"],
  ]);
});

test("the language of a sentence is that of its script, as the person's browser has it", () => {
  const german = ["de-AT", "en-GB"];
  for (const [text, before, languages, expected] of [
    ["Hello", null, [], "en-US"],
    ["Hello, and welcome", null, german, "en-GB"],
    ["Guten Tag", null, german, "de-AT"],
    ["Guten Tag", "en-GB", german, "en-GB"],
    ["Das ist gut", "en-GB", german, "de-AT"],
    ["42", "de-AT", german, "de-AT"],
    ["42", null, german, null],
    ["你好 Dify", "en-GB", german, "zh-CN"],
    ["见https://a-long-name.example/index.html", null, german, "zh-CN"],
    ["請問幾點開門？", null, german, "zh-TW"],
    ["請問幾點開門？", null, ["zh-HK", "zh-TW"], "zh-HK"],
    ["请问几点开门？", "zh-HK", ["zh-HK"], "zh-CN"],
    ["你好", "zh-TW", german, "zh-TW"],
    ["你好", null, ["en-GB", "zh-HK"], "zh-HK"],
    ["こんにちは、世界", null, german, "ja-JP"],
    ["営業中", "ja-JP", german, "ja-JP"],
    ["안녕하세요", null, german, "ko-KR"],
    ["مرحبا", null, german, "ar-EG"],
    ["سلام", null, ["fa-IR"], "fa-IR"],
    ["Добрый день", null, german, "ru-RU"],
    ["Добрий день", null, ["uk-UA", "ru"], "uk-UA"],
    ["สวัสดี", null, german, "th-TH"],
    ["Γεια", null, ["en-US@posix"], "el-GR"],
  ]) {
    assert.equal(languageOf(text, before, languages), expected, text);
  }
});

test("voices are those of the language, the best first, and those for fun last", () => {
  const voices = [
    { name: "Anna", lang: "de-DE" },
    { name: "Albert", lang: "en-US", localService: true },
    { name: "Eddy (English (US))", lang: "en-US", localService: true },
    { name: "Rocko", voiceURI: "com.apple.eloquence.en-US.Rocko", lang: "en-US", localService: true },
    { name: "English (America)+whisper", lang: "en-US", localService: true },
    { name: "Florence", lang: "en_GB", localService: true },
    { name: "Google US English", lang: "en-US" },
    { name: "Sin-ji", lang: "zh-HK", localService: true },
    { name: "Tingting", lang: "cmn-Hans-CN" },
    { name: "Mei-Jia", lang: "zh-TW" },
    { name: "Android", lang: "yue-HK" },
  ];
  const names = (lang) => voicesFor(lang, voices).map(({ name }) => name);
  assert.deepEqual(names("en-US").slice(0, 2), ["Google US English", "Florence"]);
  assert.equal(names("en-US").length, 6);
  assert.deepEqual(names("zh-CN"), ["Tingting", "Mei-Jia", "Sin-ji", "Android"]);
  assert.deepEqual(names("zh-HK"), ["Sin-ji", "Android", "Tingting", "Mei-Jia"]);
});

test("a voice for fun is never chosen but by the person", async () => {
  synth.getVoices = () => [{ name: "Albert", voiceURI: "Albert", lang: "en-US" }];
  const voiceOf = async () => {
    const over = synthesis.play({ text: "one", language: "en-US" });
    for (let count = 0; count < 3; count++) await settled();
    const [utterance] = synth.speak.mock.calls.at(-1).arguments;
    utterance.onend();
    await over;
    return utterance.voice?.name;
  };
  assert.equal(await voiceOf(), undefined);
  settings.voice = "Albert";
  assert.equal(await voiceOf(), "Albert");
  settings.voice = "";
  synth.getVoices = () => [];
});

test("a browser that never says that it began or ended does not hold up what comes next", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const lost = synthesis.play({ text: "one", language: "en" });
  await Promise.resolve();
  mock.timers.tick(5_000);
  await assert.rejects(lost, /no voice/);
  mock.timers.tick(1_000); // after a cancel it waits a moment
  const endless = synthesis.play({ text: "two", language: "en" });
  mock.timers.tick(1_000);
  await Promise.resolve();
  synth.speak.mock.calls.at(-1).arguments[0].onstart();
  mock.timers.tick(10_000);
  await endless;
  assert.equal(synth.cancel.mock.callCount(), 2);
  mock.timers.reset();
});

/** As real ones are: what is played ends when it is cancelled, and what is being loaded fails. */
function cancellable(name) {
  const engine = scripted(name);
  const { cancel, hush, load } = engine;
  let loading = [];
  engine.load = (text) => Promise.race([load(text), new Promise((_, reject) => loading.push(reject))]);
  engine.hush = () => {
    hush();
    engine.playing.splice(0).forEach((resolve) => resolve());
  };
  engine.cancel = () => {
    cancel();
    engine.hush();
    loading.forEach((reject) => reject(new Error("aborted")));
    loading = [];
  };
  engine.pause = () => log.push(`${name} pauses`);
  engine.resume = () => log.push(`${name} goes on`);
  return engine;
}

const played = () => log.filter((line) => line.includes("plays"));

test("after a pause the sentence is said again from its beginning, by the same engine", async () => {
  const [first, second] = ["one", "two"].map(cancellable);
  const readAloud = readAloudWith(first, second);
  read(readAloud, "a", "Lunch is at noon. Dinner is at six. Good night to you.");
  await settled();
  await first.ends();
  readAloud.pause();
  await settled();
  assert.ok(readAloud.isPaused());
  assert.equal(played().length, 2);
  readAloud.resume();
  await settled();
  assert.ok(!readAloud.isPaused());
  assert.deepEqual(played(), ["Lunch is at noon.", "Dinner is at six.", "Dinner is at six."].map((text) => `one plays ${text}`));
  await first.ends();
  await first.ends();
  assert.deepEqual(told.at(-1), { id: "a", hasFailed: false });
});

test("what was loaded before a pause, or within it, is not loaded again", async () => {
  const engine = cancellable("one");
  const readAloud = readAloudWith(engine);
  read(readAloud, "a", "Lunch is at noon. Dinner is at six. Good night to you.");
  await settled();
  const before = loads();
  readAloud.pause();
  await settled();
  readAloud.resume();
  for (let count = 0; count < 3; count++) {
    await settled();
    await engine.ends();
  }
  assert.deepEqual([before.length, loads().length], [3, 3]);
});

test("a pause that ends at once skips nothing", async () => {
  const engine = cancellable("one");
  const readAloud = readAloudWith(engine);
  read(readAloud, "a", "Lunch is at noon. Dinner is at six.");
  await settled();
  readAloud.pause();
  readAloud.resume();
  await settled();
  assert.deepEqual(played(), ["one plays Lunch is at noon.", "one plays Lunch is at noon."]);
});

test("while it pauses, what is written is kept; and when it is stopped, nothing is said any more", async () => {
  const engine = cancellable("one");
  const readAloud = readAloudWith(engine);
  readAloud.begin("a");
  readAloud.follow({ id: "a", text: "Lunch is at noon. Dinner" });
  await settled();
  readAloud.pause();
  readAloud.end({ id: "a", text: "Lunch is at noon. Dinner is at six." });
  await settled();
  assert.equal(played().length, 1);
  assert.equal(readAloud.reading(), "a");
  readAloud.stop();
  await settled();
  assert.equal(played().length, 1);
  assert.ok(!readAloud.isPaused());
});
