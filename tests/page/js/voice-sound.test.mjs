// Sound and what it means: levels, WAV files.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asLevel, createVoiceActivity, decibels } from "../../../static/js/voice/voice-activity.js";
import { fileOf, RATE } from "../../../static/js/voice/wav.js";

const tone = (hertz, rate, seconds) =>
  Float32Array.from({ length: rate * seconds }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / rate) / 2);

/** Feeds [db, milliseconds, isSpeaking] in steps of 40 ms; says after which of them somebody was heard. */
function heardIn(...stretches) {
  const activity = createVoiceActivity();
  return stretches.map(([db, ms, isSpeaking]) => {
    let heard = false;
    for (let at = 0; at < ms; at += 40) heard = activity.feed(db, 40, isSpeaking).isSpeech || heard;
    return heard;
  });
}

test("speech is what is louder than the room for 300 ms", () => {
  assert.deepEqual(heardIn([-65, 1000], [-30, 600], [-65, 240], [-65, 500]), [false, true, true, false]);
  assert.deepEqual(heardIn([-65, 1000], [-30, 200], [-65, 500]), [false, false, false]);
  assert.deepEqual(heardIn([-65, 1000], [-30, 200], [-65, 120], [-30, 200]), [false, false, false, true]);
});

test("a constant noise becomes the room, and speech is louder still", () => {
  assert.deepEqual(heardIn([-35, 12_000], [-35, 2_000], [-15, 600]).slice(1), [false, true]);
});

test("the page does not take its own voice for somebody else's, and yet hears who is louder", () => {
  const own = Array.from({ length: 20 }, (_, at) => [at % 2 ? -55 : -38, 200, true]);
  assert.ok(heardIn([-65, 1000], ...own).every((heard) => !heard));
  assert.ok(heardIn([-65, 1000], ...own, [-12, 500, true]).at(-1));
});

test("silence is measured since the last sound", () => {
  const activity = createVoiceActivity();
  for (let at = 0; at < 10; at++) activity.feed(-30, 40);
  assert.equal(activity.feed(-70, 40).quietMs, 40);
  assert.equal(activity.feed(-70, 40).quietMs, 80);
});

test("levels are in decibels, and in parts of a meter", () => {
  assert.ok(Math.abs(decibels(tone(440, 48_000, 1)) + 9) < 0.1);
  assert.equal(decibels(new Float32Array(128)), -100);
  assert.deepEqual([asLevel(-100), asLevel(0)], [0, 1]);
});

test("a WAV file says what it is", async () => {
  const view = new DataView(await fileOf(tone(440, RATE, 1)).arrayBuffer());
  const text = (at, length) => String.fromCharCode(...new Uint8Array(view.buffer, at, length));
  assert.deepEqual([text(0, 4), text(8, 8), text(36, 4)], ["RIFF", "WAVEfmt ", "data"]);
  assert.deepEqual([view.getUint32(16, true), view.getUint16(20, true), view.getUint16(22, true)], [16, 1, 1]);
  assert.deepEqual([view.getUint32(24, true), view.getUint32(28, true)], [16_000, 32_000]);
  assert.deepEqual([view.getUint16(32, true), view.getUint16(34, true)], [2, 16]);
  assert.deepEqual([view.byteLength, view.getUint32(40, true), view.getUint32(4, true)], [32_044, 32_000, 32_036]);
  assert.equal(view.getInt16(44 + 2 * 9, true), Math.trunc(tone(440, RATE, 1)[9] * 32_767));
});
