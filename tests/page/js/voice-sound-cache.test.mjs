// The sounds of one answer, kept; and how long what failed is left alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createBackOff } from "../../../static/js/voice/back-off.js";
import { createSoundCache } from "../../../static/js/voice/sound-cache.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const MEGABYTE = 1_000_000;

/** `get(text, sound)` says whether it was fetched; that is a number of megabytes, or a promise. */
function cache() {
  const real = createSoundCache();
  async function get(text, sound) {
    let isFetched = false;
    const fetch = async () => {
      isFetched = true;
      const size = await sound;
      return { byteLength: size * MEGABYTE };
    };
    await real.get(text, fetch).catch(() => {});
    await settled();
    return isFetched;
  }
  return { ...real, get };
}

test("a sound is fetched once, and again where that failed, or it was removed", async () => {
  const { get, remove } = cache();
  assert.deepEqual([await get("a", 1), await get("a", 1), await get("b", 1)], [true, false, true]);
  assert.deepEqual([await get("c", Promise.reject(new Error("no"))), await get("c", 1), await get("c", 1)], [true, true, false]);
  remove("a");
  assert.equal(await get("a", 1), true);
});

test("no more is kept than eight megabytes, what came first", async () => {
  const { get, clear } = cache();
  for (const text of ["a", "b", "c"]) await get(text, 3);
  assert.deepEqual([await get("a", 3), await get("b", 3), await get("c", 3)], [false, false, true]);
  clear();
  assert.deepEqual([await get("c", 3), await get("c", 3)], [true, false]);
});

test("what comes when all was cleared is not kept, and nothing else is dropped by it", async () => {
  const { get, clear } = cache();
  let come, fail;
  const late = get("a", new Promise((resolve) => (come = resolve)));
  const lost = get("b", new Promise((_, reject) => (fail = reject)));
  clear();
  await get("a", 1);
  await get("b", 1);
  come(9);
  fail(new Error("no"));
  await Promise.all([late, lost]);
  assert.deepEqual([await get("a", 1), await get("b", 1), await get("c", 6), await get("c", 6)], [false, false, true, false]);
});

test("what fails is left alone for longer each time, five minutes at most, until it works", () => {
  let now = 0;
  const { performance } = globalThis;
  globalThis.performance = { now: () => now };
  const backOff = createBackOff();
  const lasts = () => {
    const start = now;
    while (backOff.isOn()) now += 1_000;
    return (now - start) / 1_000;
  };
  assert.equal(lasts(), 0);
  const seconds = [1, 2, 3, 4, 5, 6].map(() => (backOff.failed(), lasts()));
  assert.deepEqual(seconds, [30, 60, 120, 240, 300, 300]);
  backOff.worked();
  backOff.failed();
  assert.equal(lasts(), 30);
  globalThis.performance = performance;
});
