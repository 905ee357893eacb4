// The hands-free call as a state machine.

import assert from "node:assert/strict";
import { test } from "node:test";

import { IDLE, next, shownName } from "../../static/js/voice/call.js";

/** Plays events, and returns the call with the effects of the last one. */
function after(...events) {
  let result = { call: IDLE, effects: [] };
  for (const event of events) result = next(result.call, typeof event === "string" ? { type: event } : event);
  return { ...result.call, effects: result.effects };
}

const heard = (text, isDue = false) => ({ type: "heard", text, isDue });
const ASKED = ["start", heard("where is it"), "due"];
const SPEAKING = [...ASKED, "saying"];

test("it listens, asks after a pause, speaks the answer, and listens again", () => {
  assert.deepEqual(after("start").effects, ["listen"]);
  assert.deepEqual(after("start", heard("where")).effects, ["wait"]);
  const asked = after(...ASKED);
  assert.deepEqual([asked.name, asked.asked, asked.effects], ["thinking", "where is it", ["hold", "fresh", "ask"]]);
  assert.equal(after(...SPEAKING).name, "speaking");
  const again = after(...SPEAKING, "over");
  assert.deepEqual([again.name, again.asked, again.effects], ["listening", "", ["fresh"]]);
});

test("a recording has waited for the pause already, and noise is no question", () => {
  assert.deepEqual(after("start", heard("where", true)).asked, "where");
  assert.equal(after("start", heard("", true)).name, "listening");
  assert.deepEqual(after("start", "due").effects, []);
});

test("the pause counts from the last sound", () => {
  assert.deepEqual(after("start", heard("where"), "speech").effects, ["hold"]);
  assert.deepEqual(after("start", heard("where"), "speech", "quiet").effects, ["wait"]);
  assert.deepEqual(after("start", "speech", "quiet").effects, []);
});

test("speaking over the answer ends the speech and the answer", () => {
  for (const event of ["speech", heard("stop")]) {
    const call = after(...SPEAKING, event);
    assert.equal(call.name, "listening");
    assert.deepEqual(call.effects.slice(0, 2), ["hush", "stop"]);
  }
  assert.equal(after(...SPEAKING, heard("and now"), "due").asked, "and now");
});

test("who goes on speaking while it thinks adds to the question", () => {
  const call = after(...ASKED, heard("the garden"));
  assert.deepEqual([call.name, call.effects], ["listening", ["hush", "stop", "wait"]]);
  assert.equal(after(...ASKED, heard("the garden"), "due").asked, "where is it the garden");
  assert.equal(after(...ASKED, heard("the garden", true)).asked, "where is it the garden");
  assert.deepEqual(after(...ASKED, "speech").effects, []);
});

test("an answer that was interrupted says nothing more", () => {
  assert.deepEqual(after(...SPEAKING, "speech", "saying").name, "listening");
  assert.deepEqual(after(...SPEAKING, "speech", heard("and"), "over").heard, "and");
});

test("a muted call does not hear, and still answers", () => {
  const muted = after("start", heard("where"), "mute");
  assert.deepEqual([shownName(muted), muted.effects], ["muted", ["hold", "deafen"]]);
  assert.equal(after("start", "mute", heard("psst")).heard, "");
  assert.equal(shownName(after(...SPEAKING, "mute")), "speaking");
  assert.equal(shownName(after(...SPEAKING, "mute", "over")), "muted");
  assert.deepEqual(after("start", "mute", "mute").effects, ["listen"]);
});

test("a refused microphone is asked for again only when one says so", () => {
  const refused = after("start", { type: "failed", why: "refused" });
  assert.deepEqual([refused.name, refused.why, refused.effects], ["refused", "refused", ["hush", "release"]]);
  assert.deepEqual(after("start", { type: "failed", why: "refused" }, heard("x"), "over").effects, []);
  assert.deepEqual(after("start", { type: "failed", why: "refused" }, "start").effects, ["listen"]);
});

test("whatever happens, the end lets go of everything, and nothing happens after it", () => {
  for (const events of [["start"], ASKED, SPEAKING, ["start", "mute"]]) {
    assert.deepEqual(after(...events, "end").effects, ["hush", "release"]);
    assert.equal(after(...events, "end", heard("x"), "due", "saying", "over", "quiet").name, "ended");
  }
  assert.equal(after("start", { type: "failed", why: "silence" }).name, "ended");
});
