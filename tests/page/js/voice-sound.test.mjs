// Sound and what it means: levels, WAV files.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asLevel, createVoiceActivity, decibels } from "../../../static/js/voice/voice-activity.js";
import { babble, fan, knock, mixed, PIECE_MS, silence, voice } from "./sounds.js";
import { fileOf, RATE } from "../../../static/js/voice/wav.js";

const tone = (hertz, rate, seconds) =>
  Float32Array.from({ length: rate * seconds }, (_, at) => Math.sin((2 * Math.PI * hertz * at) / rate) / 2);

/** What is told of each piece, as {isSpeech, quietMs, at} with the milliseconds by then. */
function told(levels, isSounding = () => false) {
  const activity = createVoiceActivity();
  return levels.map((db, at) => ({ ...activity.feed(db, PIECE_MS, isSounding(at * PIECE_MS)), at: (at + 1) * PIECE_MS }));
}

const isHeard = (levels, from = 0) => told(levels).some(({ isSpeech, at }) => isSpeech && at > from);

/** When it is first known to be quiet for 300 ms, after `from`. */
const noticed = (levels, from) => told(levels).find(({ quietMs, at }) => at > from && quietMs >= 300).at;

test("a voice is heard within 200 ms, in silence, beside a fan and among other voices", () => {
  for (const room of [silence(5_000), fan(5_000, -35), babble(5_000, -35)]) {
    const [first] = told(mixed(room, voice(1_000, -22), 3_000)).filter(({ isSpeech, at }) => isSpeech && at > 3_000);
    assert.ok(first.at < 3_200, `${first.at}`);
  }
});

test("the end of speech is found within 150 ms, in silence, beside a fan and among voices 10 dB below", () => {
  for (const room of [silence(8_000), fan(8_000, -32), babble(8_000, -32)]) {
    const at = noticed(mixed(room, voice(2_500, -22), 3_000), 5_400) - 300;
    assert.ok(at > 5_350 && at < 5_650, `${at}`);
  }
});

test("a pause between two words is no end", () => {
  const spoken = [...silence(2_000), ...voice(800, -22), ...silence(160), ...voice(800, -24), ...voice(800, -28)];
  assert.ok(told(spoken).every(({ quietMs, at }) => at < 2_200 || quietMs < 300));
});

test("a fan that starts is no voice after a second, whether somebody speaks at the time or not", () => {
  const starts = [...silence(2_000), ...fan(6_000, -30)];
  assert.ok(!isHeard(starts, 3_100));
  assert.ok(isHeard(mixed(starts, voice(800, -18), 5_000), 5_000));
  const amid = mixed([...silence(3_000), ...fan(5_000, -34)], voice(2_000, -20), 2_000);
  assert.ok(noticed(amid, 4_000) < 4_500);
});

test("many voices that begin become the room", () => {
  const starts = [...silence(2_000), ...babble(12_000, -35)];
  const last = told(starts).filter(({ at }) => at > 6_000);
  assert.ok(last.filter(({ isSpeech }) => isSpeech).length < last.length / 4);
});

test("a knock is no speech, and does not break silence", () => {
  assert.ok(!isHeard([...silence(2_000), ...knock(-12), ...silence(500)]));
  const after = told([...silence(2_000), ...voice(1_000, -20), ...silence(500), ...knock(-12), ...silence(500)]);
  assert.ok(after.at(-1).quietMs > 1_000);
});

test("a short answer is speech", () => {
  assert.ok(isHeard([...silence(2_000), ...voice(230, -25), ...silence(500)]));
});

test("what stops when the page is held was its own voice, and others have to be louder than that", () => {
  const activity = createVoiceActivity();
  const holds = (levels) => {
    let heldMs = Infinity; // ago
    return levels.filter((db) => {
      const { isSpeech } = activity.feed(db, PIECE_MS, heldMs > 800);
      const isHeld = isSpeech && heldMs > 800;
      heldMs = isHeld ? 0 : heldMs + PIECE_MS;
      return isHeld;
    }).length;
  };
  const own = [...voice(220, -30), ...silence(1_200)];
  assert.equal(holds([...silence(1_000), ...own]), 1);
  assert.equal(holds(own), 0);
  assert.equal(holds(voice(600, -18)), 1);
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
