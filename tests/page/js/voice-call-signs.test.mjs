// What a call tells by the way: short sounds, how long its turns took, and that it ends when nobody uses it.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createCallSounds } from "../../../static/js/voice/call-sounds.js";
import { createIdleTimer } from "../../../static/js/voice/idle-timer.js";
import { createLatencies } from "../../../static/js/voice/latencies.js";

let now = 0;
performance.now = () => now;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
});

/** The sounds of `act`, as [hertz, from, to, loudest] in seconds and of full scale. */
function soundsOf(act, isAllowed = () => true) {
  const tones = [];
  class Node {
    connect(other) {
      Object.assign(this, { to: other });
      return other;
    }
  }
  globalThis.AudioContext = class {
    currentTime = 0;
    destination = {};
    async resume() {}
  };
  globalThis.GainNode = class extends Node {
    loudest = 0;
    gain = { setValueAtTime: (value) => this.add(value), linearRampToValueAtTime: (value) => this.add(value) };
    add(value) {
      this.loudest = Math.max(this.loudest, value);
      return this.gain;
    }
  };
  globalThis.OscillatorNode = class extends Node {
    constructor(_, { frequency }) {
      super();
      this.frequency = frequency;
    }
    start(from) {
      this.from = from;
    }
    stop(to) {
      tones.push([this.frequency, this.from, to, this.to.loudest]);
    }
  };
  act(createCallSounds(isAllowed));
  return tones;
}

test("its sounds are too short and too faint for a voice", () => {
  for (const act of [(sounds) => sounds.listening(), (sounds) => sounds.thinking(true), (sounds) => sounds.failed()]) {
    const tones = soundsOf(act);
    assert.ok(Math.max(...tones.map(([, , to]) => to)) < 0.15);
    assert.ok(Math.max(...tones.map(([, , , loudest]) => loudest)) < 0.035);
  }
});

test("that it thinks is told again and again until it does not, and never when that is not allowed", () => {
  const thinks = (sounds) => {
    for (let count = 0; count < 3; count++) sounds.thinking(true);
    mock.timers.tick(3_000);
    sounds.thinking(false);
    mock.timers.tick(9_000);
  };
  assert.equal(soundsOf(thinks).length, 2);
  assert.deepEqual(soundsOf(thinks, () => false), []);
});

test("a call that nobody uses ends after three minutes, with a word half a minute before", () => {
  const told = [];
  const idle = createIdleTimer({ warn: () => told.push("warn"), end: () => told.push("end") });
  idle.update(150_000);
  mock.timers.tick(100_000);
  idle.update(0);
  mock.timers.tick(100_000);
  idle.update(600_000);
  mock.timers.tick(500_000);
  idle.update(150_000);
  mock.timers.tick(149_999);
  idle.update(150_000);
  assert.deepEqual(told, []);
  mock.timers.tick(1);
  assert.deepEqual(told, ["warn"]);
  mock.timers.tick(29_999);
  assert.deepEqual(told, ["warn"]);
  mock.timers.tick(1);
  assert.deepEqual(told, ["warn", "end"]);
});

/** Runs `acts` 100 ms after each other, the first 100 ms after speech has ended; returns what was reported. */
function reports(...acts) {
  const reported = [];
  const latencies = createLatencies((...all) => reported.push(all));
  now = 1_000;
  for (const act of acts) {
    now += 100;
    act(latencies);
  }
  return reported;
}

const TIMES = { speechEndedAt: 1_000, silenceAt: 1_040.4, transcriptAt: 1_090 };
const KNOWN = { silence_ms: 40, transcript_ms: 90, asked_ms: 100 };
const asked = (latencies) => latencies.asked(TIMES);
const [worded, sounded, end] = ["worded", "sounded", "end"].map((name) => (latencies) => latencies[name]("a"));

test("a turn's times count from the end of speech, and are told once, with its first sound", () => {
  const times = { ...KNOWN, first_text_ms: 200, first_audio_ms: 400 };
  assert.deepEqual(reports(asked, worded, worded, sounded, sounded, end), [["a", times]]);
});

test("of a turn that ends without a sound is told what is known, and nothing of a question that was not said", () => {
  assert.deepEqual(reports(asked, end, end), [["a", KNOWN]]);
  assert.deepEqual(reports((latencies) => latencies.asked(), worded, end), []);
  assert.deepEqual(reports(asked, (latencies) => latencies.end(null), end), []); // it could not be asked
});

test("a turn that waited an hour for a connection is not told: the service would refuse it", () => {
  assert.deepEqual(reports(asked, () => (now += 3_600_000), sounded), []);
});
