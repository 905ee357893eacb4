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
