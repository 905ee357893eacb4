// Recordings on their way to text.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

globalThis.OfflineAudioContext = class {
  createBuffer = () => ({ copyToChannel() {} });
  startRendering = async () => ({ getChannelData: () => new Float32Array(1) });
};
globalThis.AudioBufferSourceNode = class {
  connect() {}
  start() {}
};
const { createTranscriber } = await import("../../../static/js/voice/transcriber.js");

const RECORDING = { chunks: [new Float32Array(100)], rate: 16_000, utterance: "one" };
const settled = () => new Promise(setImmediate);

/** A transcriber, and what it sends: each is {path, signal, resolve, reject}. */
function transcriberOf() {
  const sent = [];
  const call = (path, { signal }) =>
    new Promise((resolve, reject) => {
      sent.push({ path, signal, resolve: (text) => resolve({ text }), reject });
      signal.onabort = () => reject(new Error("aborted"));
    });
  const states = [];
  const told = { onChange: (state) => states.push(state), onRefused: () => states.push("refused") };
  return { ...createTranscriber({ api: { call }, ...told }), sent, states };
}

test("what a try was written down as is the transcript: nothing is sent again", async () => {
  const { speculate, transcribe, sent } = transcriberOf();
  const guess = speculate(RECORDING);
  await settled();
  const text = transcribe({ ...RECORDING, guess });
  sent[0].resolve("Where is it?");
  assert.equal(await text, "Where is it?");
  assert.deepEqual(sent.map(({ path }) => path), ["api/audio-to-text?utterance=one"]);
});

test("where the try fails, the recording goes the usual way, as the same utterance, and is kept if that fails", async () => {
  const { speculate, transcribe, tryAgain, sent, states } = transcriberOf();
  const guess = speculate(RECORDING);
  await settled();
  sent[0].reject({ code: 429, reason: "busy" });
  const text = transcribe({ ...RECORDING, guess });
  await settled();
  sent[1].reject({ code: 429, reason: "busy" });
  await settled();
  assert.ok(states.at(-1).why);
  tryAgain();
  await settled();
  sent[2].resolve("Where is it?");
  assert.equal(await text, "Where is it?");
  assert.equal(new Set(sent.map(({ path }) => path)).size, 1);
});

test("a try is void as soon as somebody goes on, or the network is gone", async () => {
  for (const end of [({ guess }) => guess.abort(), ({ transcriber }) => transcriber.pause()]) {
    const transcriber = transcriberOf();
    const guess = transcriber.speculate(RECORDING);
    await settled();
    end({ guess, transcriber });
    assert.ok(transcriber.sent[0].signal.aborted);
    await assert.rejects(guess.text);
  }
});

test("who writes down nothing at all is not waited for as long as a service may take, and is asked anew by hand", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { speculate, transcribe, tryAgain, sent, states } = transcriberOf();
  const guess = speculate(RECORDING);
  await settled();
  const text = transcribe({ ...RECORDING, guess });
  mock.timers.tick(9_999);
  await settled();
  assert.equal(states.at(-1).why, null);
  mock.timers.tick(100);
  await settled();
  assert.deepEqual(states.at(-1), { isWriting: false, why: ["voice.late"], isNew: true });
  tryAgain();
  await settled();
  sent[1].resolve("Where is it?");
  assert.equal(await text, "Where is it?");
  mock.timers.tick(60_000);
  assert.deepEqual([sent.length, sent[1].signal.aborted], [2, false]);
  mock.timers.reset();
});

test("what is refused twice keeps nothing from what was said after it, and that is told", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { transcribe, sent, states } = transcriberOf();
  const [first, second] = [transcribe(RECORDING), transcribe(RECORDING)];
  await settled();
  sent[0].reject({ code: 400, reason: "invalid" });
  await settled();
  assert.deepEqual(states.at(-1).why, ["reason.invalid", undefined]);
  mock.timers.tick(5_000);
  await settled();
  sent[1].reject({ code: 400, reason: "invalid" });
  assert.equal(await first, "");
  assert.ok(states.includes("refused"));
  await settled();
  sent[2].resolve("Where is it?");
  assert.equal(await second, "Where is it?");
  mock.timers.reset();
});

test("a dictation that is refused is kept: its words are nowhere else", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { transcribe, discard, sent, states } = transcriberOf();
  transcribe({ ...RECORDING, utterance: undefined });
  for (const at of [0, 1]) {
    await settled();
    sent[at].reject({ code: 400, reason: "invalid" });
    await settled();
    mock.timers.tick(10_000);
  }
  assert.ok(!states.includes("refused"));
  await settled();
  assert.equal(sent.length, 3);
  discard();
  mock.timers.reset();
});

test("what fails is tried again by itself, later each time, and is told of once", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { transcribe, sent, states } = transcriberOf();
  const text = transcribe(RECORDING);
  for (const [at, ms] of [5_000, 10_000, 20_000].entries()) {
    await settled();
    sent[at].reject({ code: 500 });
    await settled();
    assert.equal(states.at(-1).isNew, at === 0);
    mock.timers.tick(ms - 1);
    assert.equal(sent.length, at + 1);
    mock.timers.tick(1);
  }
  await settled();
  sent[3].reject({ code: 429, reason: "slower", retry_after: 50_000 });
  await settled();
  assert.deepEqual(states.at(-1).why, ["reason.slower", { seconds: 50 }]);
  mock.timers.tick(49_999);
  assert.equal(sent.length, 4);
  mock.timers.tick(1);
  await settled();
  sent[4].resolve("Where is it?");
  assert.equal(await text, "Where is it?");
  mock.timers.reset();
});

test("a recording outside of a call has no name", async () => {
  const { transcribe, sent } = transcriberOf();
  transcribe({ ...RECORDING, utterance: undefined });
  await settled();
  assert.equal(sent[0].path, "api/audio-to-text");
  sent[0].resolve("");
});

test("what is discarded is not sent on, and keeps nothing from what comes later", async () => {
  const { transcribe, discard, sent, states } = transcriberOf();
  const [first, second] = [transcribe(RECORDING), transcribe(RECORDING)];
  await settled();
  discard();
  assert.deepEqual([await first, await second], [null, null]);
  await settled();
  assert.deepEqual(states.at(-1), { isWriting: false, why: null, isNew: false });
  const later = transcribe(RECORDING);
  await settled();
  assert.equal(sent.length, 2);
  sent[1].resolve("Where is it?");
  assert.equal(await later, "Where is it?");
});
