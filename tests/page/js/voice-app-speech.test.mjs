// What the app says by itself, played as it comes.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { createAppSpeech } from "../../../static/js/voice/app-speech.js";

const FRAME = [0xff, 0xfb, 0x10, 0xc4, ...Array(100).fill(0)]; // MP3, 26 ms
const sound = (count) => btoa(String.fromCharCode(...Array(count).fill(FRAME).flat()));
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** On whose clock everything is over at once. */
class Context {
  currentTime = 1_000;
  decodeAudioData = async () => "decoded";
}

function stream() {
  globalThis.AudioContext = Context;
  return createAppSpeech({}).createStream();
}

test("what comes is handed on, until the app has said all", async () => {
  const own = stream();
  own.add({ number: 0, content: sound(20) });
  const first = await own.clip.next();
  assert.equal(first.value.buffer, "decoded");
  own.add({ number: 1, content: "" });
  assert.deepEqual(await own.clip.next(), { value: undefined, done: true });
  assert.ok(own.isWhole());
  assert.ok(own.played() > 0.5);
});

test("what the app said to its end can be had again, and nothing else", () => {
  const own = stream();
  own.add({ number: 0, content: sound(20) });
  assert.equal(own.again(), null);
  own.add({ number: 1, content: "" });
  const again = own.again();
  assert.ok(again.isWhole() && again !== own);
  own.hasFailed = true;
  assert.equal(own.again(), null);
  const long = stream();
  const much = btoa("x".repeat(3_000_000));
  for (const number of [0, 1, 2]) long.add({ number, content: much });
  long.add({ number: 3, content: "" });
  assert.deepEqual([long.isWhole(), long.again()], [true, null]);
});

test("where the app stalls amid an answer, that is not waited for", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const own = stream();
  own.add({ number: 0, content: sound(20) });
  await own.clip.next();
  const next = own.clip.next();
  const failed = assert.rejects(next, /too long/);
  await settled();
  mock.timers.tick(4_000);
  await failed;
  assert.equal(own.isWhole(), false);
  mock.timers.reset();
});

// What it is asked to say

/** As read-aloud.js uses it; `replies` are what the service says, in order: a text, null (500), or a promise. */
function asking(...replies) {
  const asked = [];
  globalThis.AudioContext = class extends Context {
    decodeAudioData = async (data) => {
      const text = new TextDecoder().decode(data);
      if (text === "noise") throw new Error("undecodable");
      return text;
    };
    resume() {}
  };
  async function fetch(path, { body, signal }) {
    asked.push(JSON.parse(body).text);
    const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    const text = await Promise.race([replies.shift(), aborted]);
    return { ok: text !== null, status: 500, arrayBuffer: async () => new TextEncoder().encode(text).buffer };
  }
  return { asked, speech: createAppSpeech({ fetch }) };
}

/** What comes of it while the clock runs. */
async function outcome(promise, ms = 500) {
  const result = promise.then(([{ buffer }]) => buffer, (error) => error.message);
  for (let passed = 0; passed < ms; passed += 500) {
    await settled();
    mock.timers.tick(500);
  }
  await settled();
  return Promise.race([result, settled().then(() => "nothing yet")]);
}

test("what fails, or cannot be decoded, is tried once more, a moment later", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  for (const failure of [null, "noise"]) {
    const { asked, speech } = asking(failure, "sound", null, null);
    assert.equal(await outcome(speech.load("One.")), "sound");
    assert.equal(await outcome(speech.load("Two.")), "no audio: 500");
    assert.deepEqual(asked, ["One.", "One.", "Two.", "Two."]);
  }
  mock.timers.reset();
});

test("what does not come in time is given up and tried once more, and not for long", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const never = new Promise(() => {});
  const { asked, speech } = asking(never, "sound", never, never);
  assert.equal(await outcome(speech.load("One."), 15_500), "sound");
  const failed = speech.load("Two.");
  assert.equal(await outcome(failed, 19_500), "nothing yet");
  assert.equal(await outcome(failed, 500), "it took too long");
  assert.deepEqual(asked, ["One.", "One.", "Two.", "Two."]);
  mock.timers.reset();
});

test("what was fetched is not fetched again, until it is to be forgotten", async () => {
  const { asked, speech } = asking("one", "two", "three");
  for (let count = 0; count < 2; count++) assert.equal((await speech.load("One."))[0].buffer, "one");
  const together = await Promise.all([speech.load("Two."), speech.load("Two.")]);
  assert.deepEqual(together.map(([{ buffer }]) => buffer), ["two", "two"]);
  speech.forget();
  assert.equal((await speech.load("One."))[0].buffer, "three");
  assert.deepEqual(asked, ["One.", "Two.", "One."]);
});

test("silence gives up nothing that is being fetched; what is given up is fetched anew when it is wanted again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { asked, speech } = asking(new Promise((resolve) => setTimeout(resolve, 400, "one")), new Promise(() => {}), "two");
  const first = speech.load("One.");
  speech.hush();
  assert.equal(await outcome(first), "one");
  const second = assert.rejects(speech.load("Two."), /aborted/);
  speech.cancel();
  assert.equal(await outcome(speech.load("Two.")), "two");
  await second;
  assert.deepEqual(asked.slice(0, 3), ["One.", "Two.", "Two."]);
  mock.timers.reset();
});

/** Its clock goes on when the test says so. */
function speaker() {
  const played = [];
  const context = { currentTime: 0, destination: "out", resume: async () => {} };
  globalThis.AudioContext = function () {
    return context;
  };
  globalThis.AudioBuffer = class {
    constructor({ length, sampleRate }) {
      Object.assign(this, { length, sampleRate, duration: length / sampleRate, numberOfChannels: 1 });
    }
    copyToChannel() {}
    getChannelData() {
      return new Float32Array(this.length);
    }
  };
  globalThis.GainNode = class {
    constructor(_, { gain }) {
      this.gain = gain;
    }
    connect() {}
  };
  globalThis.AudioBufferSourceNode = class {
    constructor(_, { buffer }) {
      Object.assign(this, { buffer });
    }
    connect(gain) {
      this.gain = gain.gain;
      return gain;
    }
    start(at, offset) {
      played.push({ at, offset, seconds: this.buffer.duration - offset, gain: this.gain });
      context.currentTime += 1_000;
    }
  };
  return { played, speech: createAppSpeech({}) };
}

test("it is as loud and as fast as somebody chose, from the next piece on", async () => {
  const { settings } = await import("../../../static/js/voice/settings.js");
  const { played, speech } = speaker();
  const piece = [{ buffer: new AudioBuffer({ length: 48_000, sampleRate: 24_000 }) }];
  await speech.play(piece);
  Object.assign(settings, { rate: 2, volume: 0.4 });
  await speech.play(piece);
  await speech.play([{ ...piece[0], seconds: 1 }]);
  Object.assign(settings, { rate: 1, volume: 1 });
  assert.deepEqual(played.map(({ seconds, gain }) => ({ seconds, gain })), [
    { seconds: 2, gain: 1 },
    { seconds: 1, gain: 0.4 },
    { seconds: 0.5, gain: 0.4 },
  ]);
});
