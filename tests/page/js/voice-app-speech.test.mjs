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
