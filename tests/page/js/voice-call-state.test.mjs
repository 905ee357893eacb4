// What a call is at one moment, and what makes it another.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as states from "../../../static/js/voice/call-state.js";
import { words } from "../../../static/js/voice/translations.js";

const SILENCE = { isSpeech: false, isHeld: false, isLost: false };
const call = (more) => ({ ...states.started(), isOpening: false, ...more });
const THINKING = call(states.asking("where is it", "a"));
const SPEAKING = { ...THINKING, state: "speaking", hasSpoken: true };

test("its phase is its state, or that somebody is heard, that it is muted or paused, or that there is no connection", () => {
  const phases = [
    ["listening", {}],
    ["opening", states.started()],
    ["hearing", states.started(), { isSpeech: true }],
    ["muted", { ...states.started(), isMuted: true }],
    ["hearing", { heard: "where" }],
    ["hearing", {}, { isSpeech: true }],
    ["muted", { isMuted: true }],
    ["thinking", { ...THINKING, isMuted: true }],
    ["thinking", THINKING, { isSpeech: true }],
    ["lost", {}, { isLost: true }],
    ["lost", { heard: "where", isMuted: true }, { isLost: true }],
    ["lost", THINKING, { isLost: true }],
    ["speaking", SPEAKING, { isLost: true }],
    ["held", SPEAKING, { isLost: true, isSpeech: true }],
    ["held", SPEAKING, { isHeld: true }],
    ["paused", { ...SPEAKING, isPaused: true }, { isSpeech: true }],
    ["paused", { ...THINKING, isPaused: true }, { isLost: true }],
    ["ended", { state: "ended", isPaused: true }],
    ["ended", { state: "ended", isMuted: true }, { isLost: true }],
    ["refused", { state: "refused" }, { isSpeech: true }],
  ];
  for (const [phase, more, now] of phases) assert.equal(states.phaseOf(call(more), { ...SILENCE, ...now }), phase);
});

test("what interrupts before the answer has begun goes on with the same question, and afterwards it does not", () => {
  const more = { heard: "and when" };
  assert.equal(states.questionOf({ ...THINKING, ...states.afterInterruption(THINKING), ...more }), "where is it and when");
  assert.equal(states.questionOf({ ...SPEAKING, ...states.afterInterruption(SPEAKING), ...more }), "and when");
});

test("what is to be told of an answer is told when it was read, and is not seen where a voice failed", () => {
  const lost = ["status.lost"];
  const failed = states.afterReading({ ...SPEAKING, outcome: lost }, true);
  assert.deepEqual([failed.note, failed.outcome], [["voice.unspoken"], lost]);
  assert.deepEqual(states.afterReading({ ...SPEAKING, outcome: lost }, false).note, lost);
  assert.deepEqual(states.afterReading(SPEAKING, true).note, ["voice.unspoken"]);
  assert.deepEqual(states.afterReading(SPEAKING, false).note, null);
  assert.deepEqual(states.afterReading(THINKING, false).note, ["voice.wordless"]);
});

test("an answer that is repeated is no answer to a question, and what interrupts it is a new one", () => {
  const repeated = call(states.repeating("b"));
  assert.ok(states.isLive(repeated) && states.isAnswering(repeated));
  assert.deepEqual([states.phaseOf(repeated, SILENCE), repeated.turn, states.questionOf(repeated)], ["speaking", "b", ""]);
  const { isRepeated, turn } = states.afterInterruption(repeated);
  assert.deepEqual([isRepeated, turn], [false, null]);
  assert.deepEqual(states.afterReading(repeated, false).note, ["voice.wordless"]);
});

test("each phase has a name and a hint, in both languages", () => {
  const live = ["opening", "hearing", "thinking", "speaking", "held", "paused", "muted", "lost"];
  const names = ["listening", "refused", "ended", ...live].map((phase) => `call.${phase}`);
  const hints = ["recognition", "recorder", ...live].map((phase) => `hint.${phase}`); // of listening: how
  for (const key of [...names, ...hints]) assert.ok(words.en[key] && words.zh[key], key);
});
