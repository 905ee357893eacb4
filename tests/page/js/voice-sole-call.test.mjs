// At most one call in the tabs of a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createSoleCall } from "../../../static/js/voice/sole-call.js";

/** As long as a message of another tab would take. */
const delivered = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Two tabs; `ended` tells which was told that the other began a call. */
function tabs() {
  const ended = [];
  const [one, other] = ["one", "other"].map((name) => createSoleCall(() => ended.push(name)));
  return { one, other, ended };
}

test("a call that begins ends that of another tab, and only that", async () => {
  const { one, other, ended } = tabs();
  one.begin();
  other.begin();
  while (!ended.length) await delivered();
  assert.deepEqual(ended, ["one"]);
  one.end();
  other.begin(); // anew
  await delivered();
  assert.deepEqual(ended, ["one"]);
  other.end();
});

test("where tabs cannot tell each other, each has its call", () => {
  const { BroadcastChannel } = globalThis;
  globalThis.BroadcastChannel = undefined;
  const { one, other, ended } = tabs();
  for (const each of [one, other]) each.begin();
  for (const each of [one, other]) each.end();
  assert.deepEqual(ended, []);
  globalThis.BroadcastChannel = BroadcastChannel;
});
