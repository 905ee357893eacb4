// How long silence lasts until a turn is over.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createEndpoint } from "../../../static/js/voice/endpoint.js";
import { createRecorder } from "../../../static/js/voice/recorder.js";

const USUAL = { pace: "usual", pauseSeconds: 3 };
const COMPLETE = "Where is the garden?";
const UNCLEAR = "I take the blue tablet in the evening";
const HANGING = "I would like to ask";
const waitsOf = (endpoint) => [COMPLETE, UNCLEAR, HANGING].map(endpoint.wait);

test("what is complete is asked at once, what is unclear a little later, what hangs waits as long as a person wants", () => {
  assert.deepEqual(waitsOf(createEndpoint(USUAL)), [450, 1_200, 3_000]);
  assert.deepEqual(waitsOf(createEndpoint({ ...USUAL, pauseSeconds: 8 })), [450, 1_200, 8_000]);
  assert.deepEqual(waitsOf(createEndpoint({ ...USUAL, pauseSeconds: 1 })), [450, 1_000, 1_000]);
});

test("without a transcript it waits longer than a pause inside a sentence, and for a transcript no longer than the longest", () => {
  assert.deepEqual([createEndpoint(USUAL).wait(), createEndpoint(USUAL).longest()], [1_500, 3_000]);
});

test("without hurry all waits are longer", () => {
  assert.deepEqual(waitsOf(createEndpoint({ ...USUAL, pace: "unhurried" })), [1_200, 2_500, 6_000]);
  assert.equal(createEndpoint({ pace: "unhurried", pauseSeconds: 8 }).wait(HANGING), 8_000);
});

/** A turn is taken for over at second `at`, and goes on so long after that. */
function turn(endpoint, at, goesOnAfterMs, isAnswered = false) {
  endpoint.isOver("where is the", at * 1_000);
  if (goesOnAfterMs === undefined) return;
  if (isAnswered) endpoint.answered();
  endpoint.begins(at * 1_000 + goesOnAfterMs);
  endpoint.hears("garden");
}

test("who was cut off gets longer waits, up to a bound, and shorter ones again when that no longer happens", () => {
  const endpoint = createEndpoint(USUAL);
  turn(endpoint, 1, 800);
  assert.equal(endpoint.wait(COMPLETE), 950);
  for (let at = 2; at < 20; at++) turn(endpoint, at, 500);
  assert.deepEqual(waitsOf(endpoint), [1_950, 2_700, 3_000]);
  for (let at = 20; at < 60; at++) turn(endpoint, at);
  assert.deepEqual(waitsOf(endpoint), [450, 1_200, 3_000]);
});

test("who goes on before the answer begins was cut off, also if it begins then", () => {
  const endpoint = createEndpoint(USUAL);
  endpoint.isOver("where is the", 1_000);
  endpoint.begins(1_800);
  endpoint.answered();
  endpoint.hears("garden");
  assert.equal(endpoint.wait(COMPLETE), 950);
});

test("who speaks later, over or after the answer, or makes a noise was not cut off", () => {
  const endpoint = createEndpoint(USUAL);
  turn(endpoint, 1, 2_500);
  turn(endpoint, 10, 800, true);
  endpoint.isOver("where is the", 20_000);
  endpoint.begins(20_500);
  endpoint.hears("");
  assert.equal(endpoint.wait(COMPLETE), 450);
});

test("who goes on just before the turn would have been over gets longer waits", () => {
  const endpoint = createEndpoint(USUAL);
  endpoint.goesOn(500, UNCLEAR);
  assert.equal(endpoint.wait(UNCLEAR), 1_200);
  endpoint.goesOn(1_100, UNCLEAR);
  assert.equal(endpoint.wait(UNCLEAR), 1_400);
});

test("a full stop is believed where texts come without one, too: else a recogniser may put it everywhere", () => {
  const endpoint = createEndpoint(USUAL);
  const stopped = "I take the blue tablet.";
  for (let at = 1; at < 9; at++) {
    endpoint.hears(stopped);
    endpoint.isOver(stopped, at * 10_000);
  }
  assert.equal(endpoint.wait(stopped), 1_200);
  assert.equal(endpoint.wait("Where is the garden?"), 450);
  endpoint.hears("I take the");
  assert.equal(endpoint.wait(stopped), 450);
});

test("where a recogniser marks what is over, a question without a mark is not over", () => {
  const endpoint = createEndpoint(USUAL);
  assert.equal(endpoint.wait("where is the garden"), 450);
  endpoint.hears("where is");
  endpoint.hears("Where is the garden?");
  assert.equal(endpoint.wait("where is the garden"), 1_200);
});

// The recorder

const PIECE_MS = 20;
const RATE = 50 * 100; // a piece has 100 samples

/** A recorder that is fed stretches of speech and silence; `texts` are what each of its tries is written down as. */
function recorderOf(texts, { canSpeculate = true } = {}) {
  const [did, guessed] = [[], []];
  const endpoint = createEndpoint(USUAL);
  let quietMs = 0;
  const speculate = ({ chunks, utterance }) => {
    if (!canSpeculate) return null;
    const text = texts.shift();
    did.push(["try", chunks.length, utterance]);
    const written = { then: (resolve, reject) => text instanceof Error ? reject(text) : text !== undefined && resolve(text) };
    return { text: written, abort: () => did.push(["abort"]) };
  };
  const recorder = createRecorder({
    endpoint,
    speculate,
    onGuess: (text) => guessed.push(text),
    onRecorded: ({ chunks, utterance, guess }, isDue) => did.push(["over", chunks.length, utterance, guess?.known, isDue]),
  });
  function hear(ms, isSpeech, rate = RATE) {
    for (let at = 0; at < ms; at += PIECE_MS) {
      quietMs = isSpeech ? 0 : quietMs + PIECE_MS;
      recorder.hear({ samples: new Float32Array(100), rate, isSpeech, quietMs });
    }
  }
  return { ...recorder, did, guessed, hear, names: () => did.map(([name]) => name) };
}

test("a recording has the silence at the end of the one before: somebody may have begun to speak there", () => {
  const { hear, did } = recorderOf([COMPLETE, COMPLETE]);
  hear(1_000, true);
  hear(460, false);
  hear(200, true);
  hear(460, false);
  const [first, second] = did.filter(([name]) => name === "over").map(([, count]) => count);
  assert.deepEqual([first, second], [73, 23 + 10 + 23]);
});

test("what another microphone hears is a recording of its own, and what was said before is not lost", () => {
  const { hear, did } = recorderOf([COMPLETE, COMPLETE]);
  hear(1_000, true);
  hear(1_000, true, 2 * RATE);
  hear(460, false, 2 * RATE);
  assert.deepEqual(did.filter(([name]) => name === "over").map(([, count, , , isDue]) => [count, isDue]), [[50, false], [73, true]]);
});

test("the silence before somebody speaks is no pause of theirs", () => {
  const { hear, did } = recorderOf([COMPLETE, COMPLETE, COMPLETE]);
  for (const turn of [1, 2, 3]) {
    hear(4_000, false);
    hear(1_000, true);
    hear(460, false);
    assert.equal(did.filter(([name]) => name === "over").length, turn);
  }
});

test("a recording is tried at the first short silence, and its text is the transcript where nobody goes on", () => {
  const { hear, did, guessed } = recorderOf([COMPLETE]);
  hear(1_000, true);
  hear(440, false);
  assert.deepEqual([did.length, guessed], [1, [COMPLETE]]);
  hear(20, false);
  const [[, , utterance], over] = did;
  assert.deepEqual(over, ["over", 73, utterance, COMPLETE, true]);
  hear(5_000, false);
  assert.equal(did.length, 2);
});

test("who goes on makes it void, and the next silence sends all from the beginning, under the same name", () => {
  const { hear, did, guessed } = recorderOf([undefined, "Could you tell me where it is?"]);
  hear(1_000, true);
  hear(600, false);
  hear(1_000, true);
  hear(500, false);
  const [[, first, one], [abort], [, whole, other], over] = did;
  assert.deepEqual([abort, over[3], one === other, first, whole], ["abort", guessed[0], true, 62, 142]);
});

test("at most three are tried for one question; the last pause is then waited for without", () => {
  const { hear, names } = recorderOf([HANGING, HANGING, HANGING, HANGING]);
  for (let part = 0; part < 4; part++) {
    hear(500, true);
    hear(1_000, false);
  }
  assert.equal(names().filter((name) => name === "try").length, 3);
  hear(480, false);
  assert.ok(!names().includes("over"));
  hear(20, false);
  assert.equal(names().at(-1), "over");
});

test("a transcript that does not come is waited for no longer than the longest pause", () => {
  const { hear, names } = recorderOf([undefined]);
  hear(1_000, true);
  hear(2_980, false);
  assert.deepEqual(names(), ["try"]);
  hear(20, false);
  assert.deepEqual(names(), ["try", "over"]);
});

test("where a try fails, or none is wanted, the recording goes at the pause", () => {
  for (const recorder of [recorderOf([new Error("busy")]), recorderOf([], { canSpeculate: false })]) {
    recorder.hear(1_000, true);
    recorder.hear(1_480, false);
    assert.ok(!recorder.names().includes("over"));
    recorder.hear(20, false);
    assert.equal(recorder.names().at(-1), "over");
    assert.equal(recorder.did.at(-1)[3], undefined);
  }
});

test("a recording begins before somebody was noticed to speak", () => {
  const { hear, did } = recorderOf([COMPLETE]);
  hear(5_000, false);
  hear(1_000, true);
  hear(300, false);
  assert.equal(did[0][1], 45 + 50 + 12);
});
