// MP3 that comes in pieces.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createMp3 } from "../../../static/js/voice/mp3.js";

const FRAME_SECONDS = 1152 / 44_100;
/** 104 bytes: 32 kbit/s, 44.1 kHz, mono; `number` stands where sound would. */
const frame = (number) => [0xff, 0xfb, 0x10, 0xc4, ...Array(99).fill(0), number];
const frames = (count, from = 0) => Array.from({ length: count }, (_, at) => frame(from + at)).flat();
const numbersIn = (data) => [...new Uint8Array(data)].filter((_, at) => at % 104 === 103);

function fed(bytes, size) {
  const mp3 = createMp3();
  for (let at = 0; at < bytes.length; at += size) mp3.add(Uint8Array.from(bytes.slice(at, at + size)));
  return mp3;
}

test("whole frames are found, however they are cut", () => {
  for (const size of [1, 7, 103, 104, 105, 5000]) {
    const mp3 = fed(frames(9), size);
    assert.equal(mp3.ready().toFixed(6), (9 * FRAME_SECONDS).toFixed(6));
    assert.deepEqual(numbersIn(mp3.batch().data), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  }
});

test("what is new comes once, after the frames in which its data may begin", () => {
  const mp3 = fed(frames(20), 104);
  assert.equal(mp3.batch().seconds, mp3.ready() + Array(20).fill(FRAME_SECONDS).reduce((sum, each) => sum + each, 0));
  assert.equal(mp3.ready(), 0);
  mp3.add(Uint8Array.from(frames(2, 20)));
  const { data, seconds } = mp3.batch();
  assert.deepEqual(numbersIn(data), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
  assert.equal(seconds.toFixed(6), (2 * FRAME_SECONDS).toFixed(6));
});

test("tags, and bytes that are no MP3, are passed over", () => {
  const tag = [..."ID3"].map((char) => char.charCodeAt(0)).concat([4, 0, 0, 0, 0, 0, 9], 0xff, 0xfb, 0xff, 0xe0, 1, 2, 3);
  assert.deepEqual(numbersIn(fed([...tag, ...frames(3)], 5).batch().data), [0, 1, 2]);
  assert.equal(fed([..."RIFF, and a WAVE"].map((char) => char.charCodeAt(0)), 4).ready(), 0);
});

test("a frame of a low rate has half the samples", () => {
  const low = [0xff, 0xf3, 0x64, 0xc4, ...Array(140).fill(0)]; // 48 kbit/s, 24 kHz
  assert.equal(fed([...low, ...low], 9).ready().toFixed(6), ((2 * 576) / 24_000).toFixed(6));
});
