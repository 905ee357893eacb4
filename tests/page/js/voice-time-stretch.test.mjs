// Speech that is faster or slower keeps its pitch.

import assert from "node:assert/strict";
import { test } from "node:test";

import { stretch } from "../../../static/js/voice/time-stretch.js";

const RATE = 24_000; // samples a second
const SECONDS = 1;

const tone = (hertz) => Float32Array.from({ length: RATE * SECONDS }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / RATE));

/** Of a tone, in hertz: by how often it rises through zero. */
function pitchOf(samples) {
  let rises = 0;
  for (let at = 1; at < samples.length; at++) if (samples[at - 1] < 0 && samples[at] >= 0) rises++;
  return rises / (samples.length / RATE);
}

for (const rate of [0.6, 0.8, 1.25, 1.6, 2]) {
  for (const hertz of [110, 220, 440]) {
    test(`at ${rate} times the speed a voice of ${hertz} Hz lasts 1/${rate} as long, and is as high as it was`, () => {
      const result = stretch(tone(hertz), RATE, rate);
      assert.ok(Math.abs(result.length - (RATE * SECONDS) / rate) <= 1);
      assert.ok(Math.abs(pitchOf(result) - hertz) < hertz * 0.03, `${pitchOf(result)} Hz`);
    });
  }
}

test("nothing clicks: no step from one sample to the next is larger than it was", () => {
  const steps = (samples) => Math.max(...samples.slice(1).map((sample, at) => Math.abs(sample - samples[at])));
  for (const rate of [0.6, 1.6]) assert.ok(steps(stretch(tone(220), RATE, rate)) < steps(tone(220)) * 1.5);
});

test("it begins as it began, and is as loud as it was", () => {
  const before = tone(220);
  const after = stretch(before, RATE, 1.4);
  assert.deepEqual(after.slice(0, 300), before.slice(0, 300));
  const power = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  assert.ok(Math.abs(power(after) / power(before) - 1) < 0.1);
});

test("what is too short to be a voice stays as it is, and silence stays silent", () => {
  const click = tone(440).slice(0, 500);
  assert.equal(stretch(click, RATE, 2), click);
  assert.ok(stretch(new Float32Array(RATE), RATE, 1.5).every((sample) => sample === 0));
});
