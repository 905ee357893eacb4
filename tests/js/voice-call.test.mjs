// The hands-free call, with parts that write down what is asked of them.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

let isAwake = false;
let pageIsShownAgain;
globalThis.document = { addEventListener: (_, listener) => (pageIsShownAgain = listener) };
globalThis.navigator ??= {};
navigator.wakeLock = {
  async request() {
    isAwake = true;
    return { release: () => (isAwake = false) };
  },
};
const { createCalling } = await import("../../static/js/voice/calling.js");

const PAUSE_MS = 3_000;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

/** A call that was started. `did()` tells what it did since one asked last. */
function startCall({ ear = "recognition", canAsk = true } = {}) {
  const did = [];
  const does = (name) => () => void did.push(name);
  const listener = { abort: does("deafen"), reset: does("forget"), earName: () => ear, hasLevel: () => false };
  const asker = {
    ask(question) {
      did.push(`ask: ${question}`);
      calling.turn.started({ id: question });
      return canAsk ? question : null;
    },
    stop: does("stop"),
  };
  const call = {
    did: () => did.splice(0),
    asked: () => did.splice(0).find((name) => name.startsWith("ask: "))?.slice(5),
    name: () => call.shown.state,
    waits: (ms = PAUSE_MS) => mock.timers.tick(ms),
    saying: (text = "Behind the house.") => calling.turn.saying(text),
    over: (id = "where is it") => calling.turn.done(id),
  };
  const calling = createCalling(
    { asker, reader: { stop: does("hush") } },
    {
      createCallView(on) {
        Object.assign(call, on);
        return { show: (shown) => (call.shown = shown) };
      },
      listen(on) {
        Object.assign(call, { heard: on.onText, speech: on.onSpeech, fails: on.onError });
        did.push("listen");
        return listener;
      },
    },
  );
  calling.start();
  return call;
}

function askedCall(options) {
  const call = startCall(options);
  call.heard("where is it");
  call.waits();
  return call;
}

function speakingCall(options) {
  const call = askedCall(options);
  call.saying();
  call.did();
  return call;
}

test("it listens, asks after a pause, speaks the answer, and listens again", () => {
  const call = startCall();
  assert.deepEqual([call.name(), call.did()], ["listening", ["hush", "listen"]]);
  call.heard("where");
  call.heard("where is it");
  assert.deepEqual([call.shown.question, call.did()], ["where is it", []]);
  call.waits();
  assert.deepEqual([call.name(), call.did()], ["thinking", ["forget", "ask: where is it"]]);
  assert.equal(call.shown.question, "where is it");
  call.saying();
  assert.deepEqual([call.name(), call.shown.saying], ["speaking", "Behind the house."]);
  call.over();
  assert.deepEqual([call.name(), call.shown.question, call.did()], ["listening", "", ["forget"]]);
});

test("a recording has waited for the pause already, and noise is no question", () => {
  const call = startCall({ ear: "recorder" });
  call.heard("", true);
  call.waits();
  assert.deepEqual([call.name(), call.asked()], ["listening", undefined]);
  call.heard("where", true);
  assert.deepEqual([call.name(), call.asked()], ["thinking", "where"]);
});

test("the pause counts from the last sound", () => {
  const call = startCall();
  call.speech(true);
  call.speech(false);
  call.waits();
  assert.equal(call.name(), "listening");
  call.heard("where");
  call.waits(PAUSE_MS - 1);
  call.heard("where is");
  call.waits(PAUSE_MS - 1);
  call.speech(true);
  call.waits();
  assert.equal(call.name(), "listening");
  call.speech(false);
  call.waits(PAUSE_MS - 1);
  assert.equal(call.name(), "listening");
  call.waits(1);
  assert.equal(call.asked(), "where is");
});

test("speaking over the answer ends the speech and the answer", () => {
  for (const [act, ear] of [
    [(call) => call.interrupt()],
    [(call) => call.heard("stop")],
    [(call) => call.speech(true), "recorder"],
  ]) {
    const call = speakingCall({ ear });
    act(call);
    assert.deepEqual([call.name(), call.did()], ["listening", ["hush", "stop"]]);
  }
  const call = speakingCall();
  call.heard("and now");
  assert.equal(call.shown.question, "and now");
  call.waits();
  assert.equal(call.asked(), "and now");
});

test("where there is no level, one word and the page's own are not enough to interrupt", () => {
  const call = speakingCall();
  for (const text of ["well", "behind the house", "behind the house well"]) call.heard(text);
  call.speech(true);
  assert.deepEqual([call.name(), call.did()], ["speaking", []]);
});

test("who goes on speaking while it thinks adds to the question", () => {
  const call = askedCall();
  call.did();
  call.speech(true);
  assert.deepEqual([call.name(), call.did()], ["thinking", []]);
  call.heard("the garden");
  assert.deepEqual([call.name(), call.did()], ["listening", ["hush", "stop"]]);
  assert.equal(call.shown.question, "where is it the garden");
  call.waits();
  assert.equal(call.asked(), "where is it the garden");
  const recorded = askedCall({ ear: "recorder" });
  recorded.did();
  recorded.heard("the garden", true);
  assert.equal(recorded.asked(), "where is it the garden");
});

test("an answer that was interrupted says nothing more, and its end ends nothing else", () => {
  const call = speakingCall();
  call.interrupt();
  call.saying();
  assert.equal(call.name(), "listening");
  call.heard("and");
  call.over();
  assert.equal(call.shown.question, "and");
  call.waits();
  call.over();
  assert.equal(call.name(), "thinking");
  call.over("and");
  assert.equal(call.name(), "listening");
});

test("a muted call does not hear, and still answers", () => {
  const call = startCall();
  call.heard("where");
  call.did();
  call.mute();
  call.waits();
  assert.deepEqual([call.shown.isMuted, call.shown.question, call.did()], [true, "", ["deafen"]]);
  call.mute();
  assert.deepEqual([call.shown.isMuted, call.did()], [false, ["listen"]]);
  const speaking = speakingCall();
  speaking.mute();
  assert.equal(speaking.name(), "speaking");
  speaking.over();
  assert.deepEqual([speaking.name(), speaking.shown.isMuted], ["listening", true]);
});

test("a refused microphone is asked for again only when one says so", () => {
  const call = startCall();
  call.did();
  call.fails("refused");
  assert.deepEqual([call.name(), call.shown.note, call.did()], ["refused", ["voice.refused"], ["hush", "deafen"]]);
  call.saying();
  call.over();
  call.waits();
  assert.deepEqual(call.did(), []);
  call.again();
  assert.deepEqual([call.name(), call.shown.note, call.did()], ["listening", null, ["hush", "listen"]]);
});

test("a question that cannot be taken ends the call", () => {
  const call = askedCall({ canAsk: false });
  assert.deepEqual([call.name(), call.shown.isLive, call.shown.note], ["ended", false, ["voice.closed"]]);
});

test("the screen stays awake for as long as the call lasts", async () => {
  const call = startCall();
  assert.equal(isAwake, true);
  isAwake = false; // browsers let the screen sleep again when the page is hidden
  pageIsShownAgain();
  assert.equal(isAwake, true);
  await new Promise(setImmediate);
  call.end();
  pageIsShownAgain();
  assert.equal(isAwake, false);
});

test("whatever happens, the end lets go of everything, and nothing happens after it", () => {
  const heardCall = () => {
    const call = startCall();
    call.heard("where");
    return call;
  };
  const mutedCall = () => {
    const call = startCall();
    call.mute();
    return call;
  };
  for (const createCall of [startCall, heardCall, askedCall, speakingCall, mutedCall]) {
    const call = createCall();
    call.did();
    call.end();
    assert.deepEqual(call.did(), ["hush", "deafen"]);
    call.waits();
    call.saying();
    call.over();
    assert.deepEqual([call.name(), call.shown.isLive, call.did()], ["ended", false, []]);
  }
  const call = startCall();
  call.fails("silence");
  assert.deepEqual([call.name(), call.shown.note], ["ended", ["voice.silence"]]);
});
