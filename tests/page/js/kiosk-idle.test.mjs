// When it is asked whether somebody is still there, whatever the clocks do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createIdleWatch, periodOf, USUAL_SECONDS } from "../../../static/js/kiosk/idle.js";

const ANSWER_SECONDS = 20;

function watch(seconds = 90) {
  const told = [];
  const clock = { wall: 1e12, steady: 0 };
  const idle = createIdleWatch({
    seconds,
    now: () => [clock.wall, clock.steady],
    onAsk: (left) => told.push(left),
    onBack: () => told.push("back"),
    onOver: () => told.push("over"),
  });
  function pass(count, isBusy = false) {
    for (let each = 0; each < count; each += 1) {
      clock.wall += 1_000;
      clock.steady += 1_000;
      idle.tick(isBusy);
    }
    return told.splice(0);
  }
  return { idle, clock, pass };
}

test("the period is what the address says, within limits, or the usual", () => {
  for (const [text, seconds] of [["90", 90], ["15", 15], ["1", 15], ["99999", 3600], ["40.5", 40.5]]) {
    assert.equal(periodOf(text), seconds, text);
  }
  for (const text of ["", " ", "soon", "NaN", "Infinity", null]) assert.equal(periodOf(text), USUAL_SECONDS, text);
});

test("it is asked after that time, counted down, and then it is over", () => {
  const { pass } = watch();
  assert.deepEqual(pass(89), []);
  assert.deepEqual(pass(1), [ANSWER_SECONDS]);
  const rest = pass(ANSWER_SECONDS);
  assert.deepEqual([rest[0], rest.at(-2), rest.at(-1)], [ANSWER_SECONDS - 1, 1, "over"]);
});

test("a person who does something is not asked, and one who was asked goes on", () => {
  const { idle, pass } = watch();
  pass(80);
  idle.used();
  assert.deepEqual(pass(89), []);
  assert.deepEqual(pass(2), [20, 19]);
  idle.used();
  assert.deepEqual(pass(89), ["back"]);
});

test("an answer that is written or spoken counts, but not for ever where nobody asks anything", () => {
  const { pass } = watch();
  assert.deepEqual(pass(599, true), []);
  assert.ok(pass(200, true).includes("over"));
});

test("who speaks while it is asked is there", () => {
  const { pass } = watch();
  pass(91);
  assert.deepEqual(pass(1, true), ["back"]);
});

test("after a sleep of the machine it is asked at once, and nobody loses anything by a clock that is set", () => {
  for (const jump of [8 * 3_600_000, 365 * 86_400_000]) {
    const { clock, pass } = watch();
    clock.wall += jump;
    assert.deepEqual(pass(2), [20, 19]);
  }
  const { clock, pass } = watch();
  clock.wall -= 86_400_000;
  assert.deepEqual(pass(90), [20]);
});
