// Listening by the browser's recognition: whose services are used, and when a turn is over.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { silence, voice } from "./sounds.js";

const sessions = [];
class Recognition {
  start() {
    sessions.push(this);
    this.onstart?.();
  }
  stop() {
    this.onend();
  }
  abort() {}
}
globalThis.SpeechRecognition = Recognition;
let processor; // what the microphone's sound comes through
globalThis.AudioContext = class {
  sampleRate = 16_000;
  audioWorklet = { addModule: () => Promise.reject(new Error("none")) };
  createScriptProcessor = () => (processor = { connect() {} });
  createMediaStreamSource = () => ({ connect() {} });
  resume() {}
  close() {}
};
let track; // of the microphone that was opened last
const mediaDevices = { getUserMedia: async () => ({ getTracks: () => [(track = { stop() {} })] }) };
const navigator = { userAgent: "Safari/605", languages: ["en-GB"], mediaDevices };
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
globalThis.localStorage = { getItem: () => null };
const { createSpeechInput, hasSpeechInput } = await import("../../../static/js/voice/speech-input.js");

let now = 0;
performance.now = () => now;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

function wait(ms) {
  for (let step = 0; step < ms; step += 10) {
    now += 10;
    mock.timers.tick(10);
  }
}

/** Listens, without a level; `told` are the results with whether they were due. */
async function listening(options = { takesTurns: true }) {
  const told = [];
  const input = createSpeechInput({
    app: {},
    transcriber: {},
    meter: { style: { setProperty() {} } },
    isSpeaking: () => false,
    onResults: (all, isDue, times) => told.push({ text: all.map(({ text }) => text).join(" "), isDue, times }),
    onDoing() {},
    onError: (why) => told.push(why),
    ...options,
  });
  await input.start();
  const hear = (...texts) => sessions.at(-1).onresult({ results: texts.map((transcript) => [{ transcript }]) });
  return { ...input, hear, told, due: () => told.filter(({ isDue }) => isDue) };
}

test("what the operator forbids is not used", () => {
  const allowed = (engine, has = true) => hasSpeechInput({ speech_to_text: has, ...(engine && { speech: { engine } }) });
  assert.deepEqual(["auto", "dify", "browser", "off"].map((engine) => allowed(engine)), [true, true, true, false]);
  assert.deepEqual(["auto", "dify", "browser", "off"].map((engine) => allowed(engine, false)), [true, false, true, false]);
  assert.ok(allowed());
});

test("with recognition, too, what is complete is due at once, what hangs later, each once", async () => {
  for (const [text, ms] of [
    ["where is the garden", 450],
    ["I take the blue tablet in the evening", 1_200],
    ["I would like to ask", 3_000],
  ]) {
    const { hear, due } = await listening();
    hear(text);
    wait(ms - 20);
    assert.equal(due().length, 0, text);
    wait(60);
    assert.deepEqual(due().map((one) => one.text), [text]);
    wait(9_000);
    assert.equal(due().length, 1);
  }
});

test("each new word begins the wait anew", async () => {
  const { hear, due } = await listening();
  hear("where is the garden");
  wait(400);
  hear("where is the garden of the");
  wait(2_900);
  assert.equal(due().length, 0);
  hear("where is the garden of the house");
  wait(600);
  const [{ text, times }] = due();
  assert.equal(text, "where is the garden of the house");
  assert.ok(times.speechEndedAt <= times.transcriptAt && times.transcriptAt <= times.silenceAt);
});

test("who says so sends what was heard by then at once, or as soon as it is heard", async () => {
  const { hear, due, finish } = await listening();
  hear("I would like to ask");
  finish();
  assert.deepEqual(due().map(({ text }) => text), ["I would like to ask"]);
  const other = await listening();
  other.finish();
  other.hear("where is");
  assert.equal(other.due().length, 1);
});

test("to send now what was not yet said is forgotten soon", async () => {
  const { hear, due, finish } = await listening();
  finish();
  wait(2_000);
  hear("where is");
  assert.equal(due().length, 0);
});

test("who mutes asks what was said by then", async () => {
  const { hear, due, stop } = await listening();
  hear("where is");
  await stop();
  assert.equal(due().length, 1);
});

test("dictation takes no turns", async () => {
  const { hear, due } = await listening({});
  hear("where is the garden");
  wait(9_000);
  assert.equal(due().length, 0);
});

// Recorded

const APP = { speech_to_text: true, speech: { engine: "dify" } };

/** Listens by recording; `written` are the recordings, each with `say(text)`. */
async function recording() {
  const written = [];
  const transcriber = {
    isBusy: () => written.some(({ isDone }) => !isDone),
    isFull: () => false,
    speculate: () => null,
    transcribe: (one) => new Promise((resolve) => written.push({ ...one, resolve })),
  };
  const doing = [];
  const speech = [];
  const on = { onDoing: (name) => doing.push(name), onSpeech: (isOn) => speech.push(isOn) };
  const input = await listening({ app: APP, transcriber, takesTurns: true, ...on });
  async function say(text, at = written.length - 1) {
    written[at].isDone = true;
    written[at].resolve(text);
    await new Promise(setImmediate);
  }
  return { ...input, written, doing, speech, say };
}

/** Levels, 16 ms each. */
function sound(levels) {
  for (const db of levels) {
    now += 16;
    mock.timers.tick(16);
    const samples = new Float32Array(256).fill(10 ** (db / 20));
    processor.onaudioprocess({ inputBuffer: { getChannelData: () => samples } });
  }
}

test("what is recorded is due when it was written down", async () => {
  const { doing, written, say, due } = await recording();
  assert.deepEqual(doing, ["recorder"]);
  sound([...silence(1_000), ...voice(1_500, -20), ...silence(1_600)]);
  assert.equal(written.length, 1);
  await say("Where is it?");
  assert.deepEqual(due().map(({ text, isDue }) => [text, isDue]), [["Where is it?", true]]);
});

test("to send now does not wait for what goes on: a fan, or others", async () => {
  const { finish, say, due, speech } = await recording();
  sound([...silence(1_000), ...voice(1_500, -20)]);
  finish();
  sound(voice(800, -20));
  assert.equal(speech.at(-1), true);
  await say("Where is it?");
  assert.deepEqual(due().map(({ text, isDue }) => [text, isDue]), [["Where is it?", "by hand"]]);
});

test("who mutes amid a sentence has not said all, and may go on or send it", async () => {
  for (const then of ["goes on", "waits", "sends", "leaves"]) {
    const { start, stop, leave, finish, say, told, due, written } = await recording();
    sound([...silence(1_000), ...voice(1_500, -20)]);
    stop(false);
    await say("Where is the");
    assert.deepEqual([told.at(-1).text, due()], ["Where is the", []]);
    if (then === "goes on" || then === "waits") await start();
    if (then === "goes on") {
      sound([...silence(1_000), ...voice(1_000, -20), ...silence(4_000)]);
      await say("garden?");
    } else if (then === "waits") sound(silence(4_000));
    else if (then === "sends") finish();
    else leave();
    const asked = { "goes on": ["Where is the garden?"], leaves: [] }[then] ?? ["Where is the"];
    assert.deepEqual(due().map(({ text }) => text), asked, then);
    assert.equal(written.length, then === "goes on" ? 2 : 1);
  }
});

test("who leaves amid a sentence is told of it, once, when it was written down", async () => {
  const { leave, abort, clear, say, told } = await recording();
  sound([...silence(1_000), ...voice(1_000, -20), ...silence(1_600)]);
  await say("Where is it?");
  told.length = 0;
  sound(voice(1_500, -20));
  leave();
  assert.deepEqual(told.map(({ text }) => text), ["Where is it?"]);
  abort();
  clear();
  await say("And the key?");
  assert.equal(told.at(-1).text, "And the key?");
  const silent = await recording();
  sound(silence(1_000));
  silent.leave();
  assert.deepEqual([silent.told, silent.written], [[], []]);
});

test("where the microphone is pulled out another one is listened to; that there is none is told", async (context) => {
  const app = { speech_to_text: true, speech: { engine: "dify" } };
  const { told } = await listening({ app });
  const first = track;
  first.onended();
  await new Promise(setImmediate);
  assert.notEqual(track, first);
  assert.deepEqual(told, []);
  context.mock.method(mediaDevices, "getUserMedia", () => Promise.reject(Object.assign(new Error(), { name: "NotFoundError" })));
  track.onended();
  await new Promise(setImmediate);
  assert.deepEqual(told, ["unplugged"]);
});

test("a microphone that is gone while it is being opened is missing", async (context) => {
  const gone = { getTracks: () => [{ stop() {}, readyState: "ended" }] };
  context.mock.method(mediaDevices, "getUserMedia", async () => gone);
  const { told } = await listening({ app: APP });
  assert.deepEqual(told, ["missing"]);
});

test("there is something to send when somebody has begun to speak, and nothing while the microphone is opened", async () => {
  const { canFinish, start, abort } = await recording();
  assert.equal(canFinish(), false);
  sound([...silence(1_000), ...voice(1_000, -20)]);
  assert.equal(canFinish(), true);
  abort();
  const opened = start();
  assert.equal(canFinish(), false);
  await opened;
  abort();
});
