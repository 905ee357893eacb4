// The hands-free call, with parts that write down what is asked of them.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

let isAwake = false;
let pageIsShownAgain;
globalThis.document = { addEventListener: (_, input) => (pageIsShownAgain = input) };
globalThis.navigator ??= {};
let channel; // of the last call
globalThis.BroadcastChannel = class {
  constructor() {
    channel = this;
  }
  postMessage() {}
  close() {}
};
navigator.wakeLock = {
  async request() {
    isAwake = true;
    return { release: () => (isAwake = false) };
  },
};
const { createCall } = await import("../../../static/js/voice/call.js");
const { learn } = await import("../../../static/js/i18n.js");
const { words } = await import("../../../static/js/voice/translations.js");
learn(words);

const PAUSE_MS = 3_000;
const LAG_MS = 1_000; // from speech to its words
const LATE_MS = 1_500; // see echo.js
let now = 0;
performance.now = () => now;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

const VOICE = (does) => ({ say: does("say"), stop: does("hush"), pause: does("hold"), resume: does("go on") });

/** A call that was started. `did()` tells what it did since one asked last. */
function startCall({ mode = "recognition", canAsk = true, hasLevel = false, broken = {}, choices = [], isGranted = true } = {}) {
  const did = [];
  const does = (name) => (text) => {
    if (name === "forget") call.last = null;
    did.push(text ? `${name}: ${text}` : name);
  };
  const names = { start: "listen", stop: "finish", leave: "hand in", abort: "deafen", clear: "forget" };
  const input = Object.fromEntries(Object.entries(names).map(([method, name]) => [method, does(name)]));
  const finish = () => call.results(call.last ?? [], true);
  const answered = () => (call.isAnswered = true);
  Object.assign(input, { finish, canFinish: () => true, answered, mode: () => mode, hasLevel: () => hasLevel, lagMs: () => LAG_MS });
  const turns = {
    ask(question) {
      does("ask")(question);
      if (canAsk === "later") return question;
      if (canAsk) real.turn.started({ id: question });
      return canAsk ? question : null;
    },
    cancel: does("cancel"),
    choices: () => choices,
    choose(at) {
      does("choose")(choices[at]);
      return canAsk ? "next" : null;
    },
  };
  const view = { show: (shown) => (call.shown = shown), close: does("close") };
  const call = {
    beeps: [],
    reports: [],
    did: () => did.splice(0),
    asked: () => did.splice(0).findLast((name) => name.startsWith("ask: "))?.slice(5),
    name: () => call.shown.phase.replace("hearing", "listening"),
    /** After a pause, what was heard last is due. */
    waits(ms = PAUSE_MS) {
      now += ms;
      mock.timers.tick(ms);
      if (ms >= PAUSE_MS && call.last) call.results(call.last, true);
    },
    /** Results are told from their first word on, with those before. */
    heard(text, isDue, times) {
      call.last = [{ text, from: now - 1_000, endsAt: now }];
      call.results(call.last, isDue, times);
    },
    saying(text = "Behind the house.") {
      real.saying(text, true);
      real.sounds(true);
    },
    written: (text = "Behind the house.", more = {}, id = "where is it") =>
      real.turn.ended({ id, status: "done", text, ...more }),
    over: (id = "where is it", hasFailed = false) => real.turn.read(id, hasFailed),
  };
  const keep = (text) => text && does("keep")(text);
  const real = createCall(
    { turns, keep, report: (...all) => call.reports.push(all), voice: { ...VOICE(does), ...broken.voice } },
    {
      createCallView(on) {
        Object.assign(call, on);
        return { ...view, ...broken.view };
      },
      createSpeechInput(on) {
        Object.assign(call, { results: on.onResults, speech: on.onSpeech, fails: on.onError, doing: on.onDoing });
        return input;
      },
      createCallSounds: (mayBeep) => {
        const beeps = (name) => mayBeep() && call.beeps.push(name);
        return { listening: () => beeps("listening"), failed: () => beeps("failed"), thinking: (isOn) => isOn && beeps("thinking"), close() {} };
      },
    },
  );
  Object.assign(call, { ...real, ...call, real });
  real.start();
  if (isGranted) call.doing(mode);
  return call;
}

function askedCall(options) {
  const call = startCall(options);
  call.heard("where is it", options?.mode === "recorder");
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
  assert.equal(call.shown.question, "");
  call.turn.text({ id: "where is it", text: "Behind the" });
  call.saying();
  assert.equal(call.name(), "speaking");
  call.written();
  call.over();
  assert.deepEqual([call.name(), call.shown.question, call.did()], ["listening", "", []]);
  assert.equal(call.shown.note, null);
});

test("a recording has waited for the pause already, and noise is no question", () => {
  const call = startCall({ mode: "recorder" });
  call.results([], true);
  call.waits();
  assert.deepEqual([call.name(), call.asked()], ["listening", undefined]);
  call.heard("where", true);
  assert.deepEqual([call.name(), call.asked()], ["thinking", "where"]);
});

test("what was said before is not asked while somebody goes on speaking", () => {
  const call = startCall({ mode: "recorder", hasLevel: true });
  call.speech(true);
  call.heard("I am not", true);
  call.waits();
  assert.deepEqual([call.name(), call.asked()], ["listening", undefined]);
  call.speech(false);
  call.results([{ text: "I am not" }, { text: "allergic to it." }], true);
  assert.equal(call.asked(), "I am not allergic to it.");
});

test("speaking over the answer ends the speech and the answer", () => {
  for (const [act, mode] of [
    [(call) => call.interrupt()],
    [(call) => call.heard("stop")],
    [(call) => call.heard("stop", true), "recorder"],
  ]) {
    const call = speakingCall({ mode });
    act(call);
    if (mode) assert.equal(call.did().pop(), "ask: stop");
    if (mode) continue;
    assert.deepEqual([call.name(), call.did()], ["listening", ["hush", "cancel: where is it"]]);
  }
  const call = speakingCall();
  call.heard("and now");
  assert.equal(call.shown.question, "and now");
  call.waits();
  assert.equal(call.asked(), "and now");
});

test("what interrupts is asked as it was said, also when it repeats the page, says no, or comes in pieces", () => {
  for (const words of ["No!", "Stop, I do NOT want that.", "不，我不要这个", "Not behind the house?", "等等，不对"]) {
    const call = speakingCall();
    call.heard(words.slice(0, 2));
    call.heard(words);
    call.waits();
    assert.equal(call.asked(), words);
  }
});

test("the page's own voice is no question, and what follows it is asked letter for letter", () => {
  const call = askedCall();
  call.saying("The garden is behind the house.");
  call.heard("the garden is behind the house");
  assert.equal(call.name(), "speaking");
  call.over();
  call.waits();
  assert.deepEqual([call.name(), call.shown.question], ["listening", ""]);
  const echo = { text: "the garden is behind the house", from: now - 9_000, endsAt: now - PAUSE_MS };
  call.results([echo, { text: "I do NOT see it.", from: now, endsAt: now }], true);
  assert.equal(call.asked(), "I do NOT see it.");
});

test("an echo that is not long enough yet, and then is, is not asked", () => {
  const call = askedCall();
  call.saying("The garden is behind the house.");
  call.over();
  call.did();
  call.heard("the garden is");
  assert.equal(call.shown.question, "the garden is");
  call.heard("the garden is behind the house");
  assert.equal(call.shown.question, "");
  call.waits();
  assert.equal(call.asked(), undefined);
});

test("who repeats the page's words later than an echo can come is asked what that means", () => {
  const call = askedCall();
  call.saying("The garden is behind the house.");
  call.over();
  call.waits(LATE_MS + 1_001);
  call.heard("The garden is behind the house?");
  call.waits();
  assert.equal(call.asked(), "The garden is behind the house?");
});

test("what was not enough to interrupt is asked when the page has spoken", () => {
  const call = speakingCall();
  for (const text of ["well", "behind the house", "behind the house well"]) call.heard(text);
  assert.deepEqual([call.name(), call.did()], ["speaking", []]);
  call.waits();
  assert.deepEqual([call.name(), call.did()], ["speaking", []]);
  call.over();
  assert.equal(call.asked(), "behind the house well");
});

test("where the level is known, somebody has to be loud to interrupt, and a misheard echo is no question", () => {
  const call = askedCall({ hasLevel: true });
  call.saying("The garden is behind the house and opens at nine.");
  call.waits(2_000);
  call.heard("the garden is behind the mouse and opens at nine");
  assert.equal(call.name(), "speaking");
  call.over();
  call.waits();
  assert.deepEqual([call.name(), call.shown.question], ["listening", ""]);
  const loud = askedCall({ hasLevel: true });
  loud.saying("The garden is behind the house and opens at nine.");
  loud.speech(true);
  loud.heard("the garden is behind the mouse and opens at nine");
  assert.equal(loud.name(), "listening");
});

test("who goes on speaking while it thinks adds to the question", () => {
  const call = askedCall();
  call.did();
  call.speech(true);
  call.speech(false);
  assert.deepEqual([call.name(), call.did()], ["thinking", []]);
  call.heard("the garden");
  assert.deepEqual([call.name(), call.did()], ["listening", ["hush", "cancel: where is it"]]);
  assert.equal(call.shown.question, "where is it the garden");
  call.waits();
  assert.equal(call.asked(), "where is it the garden");
  const voiced = askedCall();
  voiced.real.saying("Behind the house.", true); // on its way, and not yet heard
  voiced.heard("in the garden");
  voiced.waits();
  assert.equal(voiced.asked(), "where is it in the garden");
  const recorded = askedCall({ mode: "recorder" });
  recorded.did();
  recorded.heard("the garden", true);
  assert.equal(recorded.asked(), "where is it the garden");
  const chinese = startCall();
  chinese.heard("我不要");
  chinese.waits();
  chinese.heard("这个");
  chinese.waits();
  assert.deepEqual(chinese.did().at(-1), "ask: 我不要这个");
});

test("an answer that was interrupted says nothing more, and its end ends nothing else", () => {
  const call = speakingCall();
  call.interrupt();
  call.real.saying("Behind the house.", true);
  assert.equal(call.name(), "listening");
  call.heard("and");
  call.written("Behind", { status: "stopped" });
  call.over();
  assert.equal(call.shown.question, "and");
  call.waits();
  call.over();
  assert.equal(call.name(), "thinking");
  call.saying();
  call.over("and");
  assert.equal(call.name(), "listening");
});

test("the answer to another question is not taken for the call's", () => {
  const call = startCall({ canAsk: "later" });
  call.heard("where");
  call.waits();
  assert.equal(call.turn.started({ id: "another" }), false);
  call.written("Other.", {}, "another");
  call.over("another");
  assert.equal(call.name(), "thinking");
  assert.equal(call.turn.started({ id: "where" }), true);
});

test("no answer ends in silence: what is the matter is shown and said, and then it listens", () => {
  const endings = [
    ["", {}, "An answer without words"],
    ["Half", { status: "incomplete" }, "The answer broke off."],
    ["Half", { status: "incomplete", reason: "too_long" }, "The answer became too long."],
    ["Half", { status: "incomplete", lost: true }, "Broken off: the rest could not be found"],
    ["", { status: "failed", failure: { reason: "busy" } }, "The assistant is busy at the moment."],
    ["", { status: "stopped" }, "Stopped"],
    ["```\ncode\n```", {}, "This answer cannot be read aloud. It is on the screen."],
  ];
  for (const [text, more, words] of endings) {
    const call = askedCall();
    call.written(text, more);
    call.did();
    call.over();
    const [said] = call.did();
    assert.ok(said.startsWith(`say: ${words}`), said);
    assert.equal(call.name(), "listening");
    assert.ok(call.shown.note);
    call.heard("and now");
    call.waits();
    assert.deepEqual([call.asked(), call.shown.note], ["and now", null]);
  }
});

test("a voice that fails is heard, said and shown, with what is to be told besides, and the call goes on", () => {
  const call = speakingCall();
  call.beeps.length = 0;
  call.written("Half", { made: [{ name: "a.pdf" }] });
  call.over("where is it", true);
  assert.deepEqual([call.name(), call.shown.note, call.beeps], ["listening", ["voice.unspoken"], ["failed"]]);
  assert.match(call.did().at(-1), /^say: Not everything could be read aloud\..* There is a file: a\.pdf\.$/);
});

/** Something was answered, and is read again. */
function repeatingCall(options) {
  const call = speakingCall(options);
  call.written();
  call.over();
  call.repeat("where is it");
  assert.deepEqual(call.did(), ["hush", "forget"]);
  call.saying();
  call.sounds(true);
  return call;
}

test("an answer that is repeated is spoken as ever, and then it listens", () => {
  const call = repeatingCall();
  assert.deepEqual([call.shown.phase, call.shown.isAnswering], ["speaking", true]);
  call.waits(600_000);
  assert.equal(call.shown.phase, "speaking"); // that is no silence
  call.over();
  assert.deepEqual([call.shown.phase, call.did()], ["listening", []]);
});

test("who only shows that they listen does not interrupt what is repeated, and words and a tap do", () => {
  const held = () => {
    const call = repeatingCall({ hasLevel: true, mode: "recorder" });
    call.speech(true);
    assert.deepEqual([call.shown.phase, call.did()], ["held", ["hold"]]);
    call.speech(false);
    return call;
  };
  const listener = held();
  listener.heard("Mhm.", true);
  assert.deepEqual([listener.shown.phase, listener.did()], ["speaking", ["go on", "forget"]]);
  const speaker = held();
  speaker.heard("When does it open?", true);
  assert.equal(speaker.asked(), "When does it open?");
  const call = repeatingCall();
  call.interrupt();
  assert.deepEqual([call.shown.phase, call.did()[0]], ["listening", "hush"]);
});

test("what was heard and not asked is kept when an answer is repeated", () => {
  const call = speakingCall();
  call.over();
  call.heard("and when");
  call.repeat("where is it");
  call.waits(0);
  assert.deepEqual([call.shown.question, call.did().at(-1)], ["", "keep: and when"]);
});

test("a question that waited is answered when its turn comes, also while an answer is repeated", () => {
  const call = startCall({ canAsk: "later" });
  call.heard("and when");
  call.waits();
  call.repeat("before");
  assert.equal(call.shown.phase, "speaking");
  assert.equal(call.turn.started({ id: "and when" }), true);
  assert.equal(call.shown.phase, "thinking");
});

test("what is read begins anew where that is repeated, and an old call repeats nothing", () => {
  const call = speakingCall();
  call.repeat("where is it");
  assert.deepEqual([call.shown.phase, call.did()], ["speaking", []]);
  call.end();
  call.did();
  call.repeat("where is it");
  assert.deepEqual([call.shown.phase, call.did()], ["ended", []]);
});

test("a call that is paused, or waits for a connection with a question, ends after ten minutes with a word", () => {
  const paused = () => {
    const call = speakingCall();
    call.paused(true);
    return call;
  };
  const lost = () => {
    const call = askedCall();
    call.connectionIs("waiting");
    call.waits(1_500);
    return call;
  };
  for (const standstill of [paused, lost]) {
    const call = standstill();
    call.waits(569_000);
    assert.equal(call.shown.note, null);
    call.waits(3_000);
    assert.deepEqual([call.shown.isLive, call.shown.note], [true, ["call.idle"]]);
    assert.equal(call.did().some((what) => what.startsWith("say: Nothing")), standstill === lost); // a pause is silent
    call.present();
    call.waits(571_000);
    call.waits(31_000);
    assert.deepEqual([call.name(), call.shown.note], ["ended", ["call.idle-end"]]);
    assert.match(call.did().at(-1), /^say: Nothing was said for some minutes/);
  }
});

test("a call ends where another tab begins one: that is shown and not said, since it would be heard there", () => {
  const call = startCall();
  call.heard("where is");
  call.did();
  channel.onmessage();
  assert.deepEqual([call.name(), call.shown.note], ["ended", ["call.elsewhere"]]);
  assert.deepEqual(call.did(), ["keep: where is", "deafen", "forget", "hush"]);
});

test("a paused answer is shown as paused; who only shows that they listen does not interrupt it", () => {
  const call = speakingCall({ hasLevel: true, mode: "recorder" });
  call.sounds(true);
  call.paused(true);
  call.sounds(false);
  assert.equal(call.shown.phase, "paused");
  call.speech(true);
  call.speech(false);
  call.heard("Okay.", true);
  assert.deepEqual([call.shown.phase, call.did()], ["paused", []]);
  call.paused(false);
  assert.equal(call.shown.phase, "speaking");
  call.paused(true);
  call.heard("And when does it open?", true);
  assert.equal(call.asked(), "And when does it open?");
});

test("whatever the view or the voice throw, the call goes on", (context) => {
  context.mock.method(console, "error", () => {});
  const fails = () => {
    throw new Error("no");
  };
  const call = startCall({ broken: { view: { show: fails }, voice: { say: fails, stop: fails } } });
  call.heard("where is it");
  call.waits();
  call.saying();
  call.heard("no, wait");
  call.waits();
  assert.equal(call.asked(), "no, wait");
});

test("a lost connection is shown and said once, as soon as nobody speaks", () => {
  const call = startCall();
  call.did();
  call.connectionIs("waiting");
  call.waits(1_000);
  call.connectionIs("open");
  call.waits();
  assert.deepEqual([call.shown.note, call.did()], [null, []]);
  call.heard("where is it");
  call.connectionIs("waiting");
  call.waits(1_600);
  assert.deepEqual([call.name(), call.did()], ["lost", []]); // not while somebody speaks
  call.waits();
  assert.match(call.did().at(-1), /^say: The connection is lost/);
  call.connectionIs("waiting");
  call.waits(9_000);
  assert.deepEqual(call.did(), []);
  call.saying();
  call.sounds(true);
  call.connectionIs("open");
  assert.equal(call.name(), "speaking");
  call.connectionIs("waiting");
  call.waits(2_000);
  assert.deepEqual(call.did(), []); // not over the answer
  call.sounds(false);
  call.waits(500);
  assert.equal(call.did().length, 1);
  assert.equal(call.name(), "lost"); // the rest of the answer may come
});

test("an answer that has fallen silent before its end is shown as thinking, until it goes on", () => {
  const call = speakingCall();
  call.sounds(false);
  call.waits(400);
  call.sounds(true);
  call.waits();
  assert.equal(call.name(), "speaking");
  call.sounds(false);
  call.waits(500);
  assert.deepEqual([call.name(), call.beeps.at(-1)], ["thinking", "thinking"]);
  call.heard("yes");
  call.waits();
  assert.equal(call.asked(), "yes"); // to what was said
});

test("an answer is read to its end though the microphone is gone, and then the call ends with a word", () => {
  for (const end of [(call) => (call.written(), call.over()), (call) => call.interrupt()]) {
    const call = speakingCall({ hasLevel: true, mode: "recorder" });
    call.speech(true);
    assert.ok(call.did().includes("hold"));
    call.fails("unplugged");
    assert.deepEqual([call.shown.isLive, call.did()], [true, []]);
    call.waits();
    assert.deepEqual(call.did(), ["go on"]); // nobody is heard any more
    end(call);
    assert.deepEqual([call.name(), call.shown.note], ["ended", ["voice.unplugged"]]);
    assert.match(call.did().at(-1), /^say: The microphone is gone/);
  }
});

test("a microphone that is there again in time is heard as before", () => {
  const call = speakingCall();
  call.fails("unplugged");
  call.mute();
  call.mute();
  call.doing("recognition");
  call.written();
  call.over();
  assert.deepEqual([call.name(), call.shown.note], ["listening", null]);
});

test("who speaks over what is told of a lost connection goes on with the same question", () => {
  const call = askedCall();
  call.connectionIs("waiting");
  call.waits(1_600);
  call.real.saying("The connection is lost.", false);
  call.heard("behind the garden");
  call.waits();
  assert.equal(call.asked(), "where is it behind the garden");
});

test("what the page tells is no question either", () => {
  const call = startCall();
  call.connectionIs("waiting");
  call.waits(1_600);
  call.did();
  call.real.saying("The connection is lost.", false);
  for (const text of ["the", "the connection is", "the connection is lost"]) call.heard(text);
  assert.deepEqual([call.shown.question, call.did()], ["", []]);
  call.sounds(false);
  call.waits(500);
  call.waits();
  assert.deepEqual([call.shown.question, call.asked()], ["", undefined]);
});

test("who only shows that they listen to a notice does not interrupt it and asks nothing, and a yes is an answer", () => {
  for (const [words, asked] of [["Mhm.", undefined], ["Yes.", "Yes."]]) {
    const call = startCall({ hasLevel: true, mode: "recorder" });
    call.real.saying("May it go out? You can say: Yes or No.", false);
    call.sounds(true);
    call.speech(true);
    call.speech(false);
    call.did();
    call.heard(words, true);
    if (!asked) assert.deepEqual(call.did(), ["go on", "forget"]);
    call.sounds(false);
    call.waits(500);
    assert.equal(call.asked(), asked);
  }
});

test("a sound holds what is told of a lost connection, and does not end the question", () => {
  const call = askedCall({ mode: "recorder" });
  call.connectionIs("waiting");
  call.waits(1_600);
  call.did();
  call.real.saying("The connection is lost.", false);
  call.speech(true);
  assert.deepEqual(call.did(), ["hold"]);
  call.speech(false);
  call.results([], true);
  assert.deepEqual(call.did(), ["go on"]);
  call.saying();
  assert.equal(call.name(), "speaking");
});

test("a connection that ended for good ends the call with a word, and nothing said is lost", () => {
  const call = startCall();
  call.heard("where is");
  call.did();
  call.connectionIs("ended", ["ended.4500"]);
  const did = call.did();
  assert.equal(did[0], "keep: where is");
  assert.match(did.at(-1), /^say: This chat was opened/);
  assert.deepEqual([call.name(), call.shown.note], ["ended", ["ended.4500"]]);
});

test("a recording that cannot be written down is told, and comes when it can be", () => {
  const call = startCall({ mode: "recorder" });
  call.did();
  call.unwritten(["reason.busy"]);
  assert.match(call.did().join(), /^say: The assistant is busy/);
  call.heard("where", true);
  assert.equal(call.asked(), "where");
  call.end();
  call.results([{ text: "and when" }], true);
  assert.equal(call.did().at(-1), "keep: and when");
});

test("a muted call does not hear, still answers, and still asks what was said before", () => {
  const call = startCall();
  call.heard("where is it");
  call.did();
  call.mute();
  assert.deepEqual([call.shown.isMuted, call.did()], [true, ["finish: true"]]);
  call.waits();
  assert.equal(call.asked(), "where is it");
  call.mute();
  assert.deepEqual([call.shown.isMuted, call.did()], [false, ["listen"]]);
  const speaking = speakingCall();
  speaking.mute();
  assert.equal(speaking.name(), "speaking");
  speaking.over();
  assert.deepEqual([speaking.name(), speaking.shown.isMuted], ["muted", true]);
});

test("who mutes amid a sentence has not said all of it: it waits for the rest, or to be sent", () => {
  const call = startCall({ mode: "recorder", hasLevel: true });
  call.did();
  call.speech(true);
  call.mute();
  assert.deepEqual(call.did(), ["finish"]);
  call.heard("where is the", false);
  assert.deepEqual([call.shown.phase, call.shown.question, call.did()], ["muted", "where is the", []]);
  call.sendNow();
  assert.equal(call.asked(), "where is the");
});

test("it says that it listens when it does: first the person is asked for the microphone", () => {
  const call = startCall({ isGranted: false });
  assert.deepEqual([call.shown.phase, call.shown.isLive, call.beeps], ["opening", true, []]);
  call.doing("recognition");
  assert.deepEqual([call.shown.phase, call.beeps], ["listening", ["listening"]]);
  call.mute();
  call.mute();
  assert.equal(call.shown.phase, "opening");
  call.doing("recognition");
  assert.deepEqual([call.shown.phase, call.beeps], ["listening", ["listening", "listening"]]);
  const early = startCall({ isGranted: false });
  early.heard("where is it");
  assert.equal(early.shown.phase, "hearing");
  early.waits();
  assert.equal(early.asked(), "where is it");
});

test("a refused microphone is asked for again only when one says so", () => {
  const call = startCall();
  call.did();
  call.fails("refused");
  assert.deepEqual([call.name(), call.shown.note], ["refused", ["voice.refused"]]);
  assert.match(call.did().join(), /^deafen,forget,hush,say: The microphone is blocked/);
  call.saying();
  call.over();
  call.waits();
  assert.deepEqual(call.did(), []);
  call.again();
  assert.deepEqual([call.name(), call.shown.note, call.did()], ["opening", null, ["hush", "listen"]]);
});

test("recognition that cannot be reached is shown until it can", () => {
  const call = startCall();
  call.doing("network");
  assert.deepEqual([call.shown.phase, call.shown.note], ["opening", ["voice.network"]]);
  call.doing("recognition");
  assert.deepEqual([call.shown.phase, call.shown.note], ["listening", null]);
});

test("a question that cannot be taken ends the call with a word, and stays", () => {
  const call = askedCall({ canAsk: false });
  assert.deepEqual([call.name(), call.shown.isLive, call.shown.note], ["ended", false, ["voice.closed"]]);
  assert.deepEqual(call.did().slice(-5), [
    "keep: where is it",
    ...["deafen", "forget", "hush", "say: The question cannot be sent now."],
  ]);
});

test("what is typed or tapped is the call's as if it was said, and interrupts like that", () => {
  const call = speakingCall();
  call.turn.added({ id: "b", question: "and when?" });
  assert.deepEqual([call.name(), call.did()], ["thinking", ["hush", "cancel: where is it", "forget"]]);
  call.written("Behind", { status: "stopped" });
  call.over();
  assert.equal(call.turn.started({ id: "b" }), true);
  call.heard("on Sundays");
  assert.equal(call.did().at(-1), "cancel: b");
  call.waits();
  assert.equal(call.asked(), "and when? on Sundays");
});

test("that somebody is heard is shown over a short pause, and not for long", () => {
  const call = startCall({ hasLevel: true });
  call.speech(true);
  call.speech(false);
  assert.equal(call.shown.phase, "hearing");
  call.waits(1_699);
  assert.equal(call.shown.phase, "hearing");
  call.waits(1);
  assert.equal(call.shown.phase, "listening");
});

test("what was heard and not asked is kept when something else is typed", () => {
  const call = startCall();
  call.heard("and the garden");
  call.did();
  call.turn.added({ id: "b", question: "When is lunch?" });
  call.waits(0);
  assert.ok(call.did().includes("keep: and the garden"));
  assert.equal(call.shown.question, "");
});

test("who interrupts by hand before the answer does not want that question any more", () => {
  const call = askedCall();
  call.interrupt();
  assert.deepEqual([call.name(), call.shown.question, call.did().at(-1)], ["listening", "", "cancel: where is it"]);
  call.heard("and when");
  call.waits();
  assert.equal(call.asked(), "and when");
});

test("an answer that goes on when a form was filled in is the call's", () => {
  const call = startCall();
  assert.equal(call.turn.started({ id: "next" }), true);
  call.saying("As you wish.");
  assert.equal(call.name(), "speaking");
  call.over("next");
  assert.equal(call.name(), "listening");
});

test("what was heard is sent at once when one says so, and nothing where nothing was", () => {
  const call = startCall();
  call.sendNow();
  assert.equal(call.asked(), undefined);
  call.heard("where is it");
  call.sendNow();
  assert.equal(call.asked(), "where is it");
  const loud = startCall({ mode: "recorder", hasLevel: true });
  loud.speech(true); // as a fan may be taken for at first
  loud.heard("where is it", "by hand");
  assert.equal(loud.asked(), "where is it");
});

test("short sounds tell when it is one's turn and when it thinks, and never while somebody speaks", () => {
  const call = askedCall({ hasLevel: true });
  assert.deepEqual(call.beeps.slice(0, 2), ["listening", "thinking"]);
  call.beeps.length = 0;
  call.saying();
  call.sounds(true);
  call.sounds(false);
  call.over();
  assert.deepEqual(call.beeps, ["listening"]);
  call.beeps.length = 0;
  call.mute();
  call.mute();
  call.doing("recognition");
  call.speech(true);
  call.heard("and");
  assert.deepEqual([call.shown.phase, call.beeps], ["hearing", ["listening"]]);
  const interrupted = speakingCall({ hasLevel: true });
  interrupted.beeps.length = 0;
  interrupted.speech(true);
  interrupted.heard("no, wait");
  assert.deepEqual([interrupted.shown.phase, interrupted.beeps], ["hearing", []]);
});

test("a call in which nobody speaks ends by itself with a word, and not while an answer runs", () => {
  const call = startCall();
  call.waits(150_000);
  assert.deepEqual(call.shown.note, ["call.idle"]);
  assert.match(call.did().at(-1), /^say: Nothing was said for a while/);
  call.present();
  assert.equal(call.shown.note, null);
  call.waits(150_000);
  call.waits(30_000);
  assert.deepEqual([call.name(), call.shown.note], ["ended", ["call.idle-end"]]);
  assert.match(call.did().at(-1), /^say: Nothing was said for some minutes/);
  const answering = askedCall();
  answering.waits(600_000);
  answering.saying();
  answering.waits(600_000);
  assert.equal(answering.name(), "speaking");
  const hearing = startCall({ hasLevel: true });
  hearing.speech(true);
  hearing.waits(600_000);
  assert.equal(hearing.name(), "listening");
});

test("how long a turn took is reported once, also where it was interrupted before its first sound", () => {
  const times = () => ({ speechEndedAt: now - 300, silenceAt: now - 200, transcriptAt: now });
  const known = { silence_ms: 100, transcript_ms: 300, asked_ms: 300 };
  const call = startCall({ mode: "recorder" });
  call.heard("where is it", true, times());
  call.waits(200);
  call.turn.text({ id: "where is it", text: "Behind" });
  call.waits(200);
  call.saying();
  call.sounds(true);
  call.over();
  assert.deepEqual(call.reports, [["where is it", { ...known, first_text_ms: 500, first_audio_ms: 700 }]]);
  const interrupted = startCall({ mode: "recorder" });
  interrupted.heard("and when", true, times());
  interrupted.interrupt();
  assert.deepEqual(interrupted.reports, [["and when", known]]);
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
    for (const act of ["end", "leave"]) {
      const call = createCall();
      call.did();
      call[act]();
      const isAnswered = createCall === askedCall || createCall === speakingCall;
      const own = createCall === heardCall ? ["keep: where"] : [];
      const last = { leave: ["close"], end: isAnswered ? ["cancel: where is it"] : own }; // nobody waits for it
      const first = act === "end" && !isAnswered ? ["hand in"] : [];
      assert.deepEqual(call.did(), [...first, "deafen", "forget", "hush", ...last[act]]);
      call.waits();
      call.saying();
      call.over();
      call.connectionIs("ended", ["ended.other"]);
      assert.deepEqual([call.name(), call.shown.isLive, call.did()], ["ended", false, []]);
    }
  }
  const call = startCall();
  call.fails("silence");
  assert.deepEqual([call.name(), call.shown.note], ["ended", ["voice.silence"]]);
});

const PAUSED = { status: "paused", form: { content: "**May** it go out? {{#$output.a#}}", actions: [] } };
PAUSED.form.actions = ["Yes", "No"].map((title) => ({ title }));

test("what a person is asked is told with the choices, and one of them decides", () => {
  const call = askedCall({ choices: ["Yes", "No"] });
  call.saying("A draft.");
  call.written("A draft.", PAUSED);
  call.did();
  call.over();
  const words = "May it go out? You can say: Yes or No.";
  assert.deepEqual([call.name(), call.did()], ["listening", [`say: ${words}`]]);
  assert.equal(call.shown.note[0], "voice.choices");
  call.heard("Number two.");
  call.waits();
  assert.deepEqual([call.name(), call.did()], ["thinking", ["forget", "choose: No"]]);
  call.real.turn.started({ id: "next" });
  call.saying("As you wish.");
  assert.equal(call.name(), "speaking");
});

test("what is no choice is asked as ever", () => {
  const call = startCall({ choices: ["Yes", "No"] });
  call.heard("why not");
  call.waits();
  assert.equal(call.asked(), "why not");
});

test("where a form has to be filled in first, that is said and shown", () => {
  const call = startCall({ choices: ["Yes"], canAsk: false });
  call.heard("yes");
  call.waits();
  assert.deepEqual([call.name(), call.shown.note], ["listening", ["voice.form"]]);
  assert.ok(call.did().includes("say: The form on the screen has to be filled in first."));
  call.heard("and why");
  assert.equal(call.shown.question, "and why");
});

test("a form that went out to others, and the files of an answer, are told when it was read", () => {
  for (const [more, key] of [[{ status: "paused" }, "status.asked"], [{ made: [{ name: "a.pdf" }] }, "voice.files"]]) {
    const call = askedCall();
    call.saying();
    call.written("Here.", more);
    call.over();
    assert.deepEqual([call.name(), call.shown.note[0]], ["listening", key]);
  }
});

// Speaking over the page

/** The page speaks, and somebody begins to. */
function heldCall(options) {
  const call = speakingCall({ hasLevel: true, mode: "recorder", ...options });
  call.sounds(true);
  call.speech(true);
  assert.deepEqual(call.did(), ["hold"]);
  call.speech(false);
  return call;
}

test("the page falls silent at once when somebody speaks, and words interrupt it", () => {
  const call = heldCall();
  call.heard("no, wait");
  assert.deepEqual([call.name(), call.shown.question], ["listening", "no, wait"]);
  assert.deepEqual(call.did(), ["hush", "cancel: where is it"]);
  call.heard("no, wait for me", true);
  assert.equal(call.asked(), "no, wait for me");
});

test("who only shows that they listen does not interrupt: the page goes on, and asks nothing", () => {
  for (const words of ["Mhm.", "嗯", "ja", ""]) {
    const call = heldCall();
    call.results(words ? [{ text: words, from: now, endsAt: now }] : [], true);
    assert.equal(call.name(), "speaking");
    assert.equal(call.did()[0], "go on");
    call.waits(LAG_MS * 5);
    call.over();
    assert.deepEqual([call.name(), call.asked()], ["listening", undefined]);
  }
});

test("a yes to the last words of the page is an answer", () => {
  const call = heldCall();
  call.heard("Yes.", true);
  call.over();
  assert.equal(call.asked(), "Yes.");
});

test("what turns out to be no words holds the page no longer than words would take", () => {
  const call = heldCall({ mode: "recognition" });
  call.waits(LAG_MS - 1);
  assert.deepEqual(call.did(), []);
  call.waits(1);
  assert.deepEqual([call.name(), call.did()], ["speaking", ["go on"]]);
});

test("what is held while somebody speaks on is held", () => {
  const call = heldCall();
  call.speech(true);
  call.waits(LAG_MS * 5);
  assert.deepEqual([call.name(), call.did()], ["held", []]);
  call.end();
  call.waits(LAG_MS * 5);
  assert.ok(!call.did().includes("go on"));
});

test("a yes to what was said, while more of the answer is waited for in silence, is an answer", () => {
  const call = speakingCall();
  call.sounds(true);
  call.sounds(false);
  call.heard("yes", true);
  assert.equal(call.asked(), "yes");
});

test("hearing is told that the page answers: what is said then is another turn", () => {
  const call = startCall();
  call.heard("where is it", true);
  assert.equal(call.isAnswered, undefined);
  call.saying();
  assert.equal(call.isAnswered, true);
});

test("the page does not begin to speak into what somebody says", () => {
  const call = askedCall({ hasLevel: true, mode: "recorder" });
  call.speech(true);
  call.saying();
  call.did();
  call.sounds(true);
  mock.timers.tick(0);
  assert.deepEqual(call.did(), ["hold"]);
});
