// Whether a screen for many people can listen: see static/js/kiosk/listening.js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createListening } from "../../../static/js/kiosk/listening.js";

const MICROPHONE = { kind: "audioinput" };
let now = 0;

async function listening({ devices = [MICROPHONE], permission = { state: "granted" } } = {}) {
  const mediaDevices = Object.assign(new EventTarget(), { enumerateDevices: async () => devices });
  const permissions = { query: async () => permission ?? Promise.reject(new TypeError("unknown")) };
  const made = createListening({ mediaDevices, permissions }, () => now);
  await made.watched;
  const plug = async (...all) => {
    devices = all;
    mediaDevices.dispatchEvent(new Event("devicechange"));
    await new Promise(setImmediate);
  };
  return { ...made, plug, permission };
}

test("a device with a microphone that may be used can listen", async () => {
  assert.equal((await listening()).works(), true);
});

test("a device without a microphone cannot, until there is one", async () => {
  const each = await listening({ devices: [{ kind: "audiooutput" }] });
  assert.equal(each.works(), false);
  await each.plug(MICROPHONE);
  assert.equal(each.works(), true);
});

test("a device whose microphone is blocked cannot, until it is allowed", async () => {
  const each = await listening({ permission: { state: "denied" } });
  assert.equal(each.works(), false);
  each.permission.state = "granted";
  each.permission.onchange();
  assert.equal(each.works(), true);
});

test("a failure holds for five minutes, or until somebody is heard or something is plugged in", async () => {
  const each = await listening();
  const fail = () => {
    each.saw(undefined);
    each.saw(false);
    assert.equal(each.works(), false);
  };
  fail();
  each.saw(undefined);
  assert.equal(each.works(), false);
  each.saw(true);
  assert.equal(each.works(), true);
  fail();
  await each.plug(MICROPHONE);
  each.saw(false); // is still to be read
  assert.equal(each.works(), true);
  fail();
  now += 300_001;
  assert.equal(each.works(), true);
});

test("what a browser does not tell is taken to be well", async () => {
  const made = createListening({}, () => now);
  await made.watched;
  assert.equal(made.works(), true);
  assert.equal((await listening({ permission: null })).works(), true);
  const refused = { mediaDevices: { enumerateDevices: async () => Promise.reject(new Error()) } };
  const other = createListening(refused, () => now);
  await other.watched;
  assert.equal(other.works(), true);
});
