// Listening by the browser's recognition: whose services are used, and when a turn is over.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

const sessions = [];
class Recognition {
  start() {
    sessions.push(this);
  }
  stop() {
    this.onend();
  }
  abort() {}
}
globalThis.SpeechRecognition = Recognition;
const mediaDevices = { getUserMedia() {} };
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
    ["I take the blue tablet in the evening", 1_250],
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
