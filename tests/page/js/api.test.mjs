// The page's calls over HTTP, with a fetch of the test's own.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { createApi } from "../../../static/js/api.js";

const TAKEN = { code: 200, data: "done" };
const REFUSED = { code: 401, data: { reason: "token_expired" } };
let calls, replies;

globalThis.fetch = async (path, { headers, ...options }) => {
  calls.push({ path, ...options, headers });
  const reply = replies.shift();
  if (reply instanceof Error) throw reply;
  return { status: reply.code, json: async () => reply };
};
beforeEach(() => ([calls, replies] = [[], [TAKEN]]));

const bearers = () => calls.map(({ headers }) => headers.Authorization);
const accessBy = (...tokens) => {
  const next = async () => {
    const token = tokens.shift();
    if (token) return token;
    throw Object.assign(new Error(), { reason: "signed_out" });
  };
  return { current: next, renew: next };
};

test("without users of its own, the connection's token goes with each call", async () => {
  assert.equal(await createApi(() => "mine", null).call("/api/x"), "done");
  replies = [REFUSED];
  await assert.rejects(createApi(() => "mine", null).call("/api/x"), { code: 401, reason: "token_expired" });
  assert.deepEqual(bearers(), ["Bearer mine", "Bearer mine"]);
});

test("what is refused for its token is asked once more with another, whole", async () => {
  replies = [REFUSED, TAKEN];
  const api = createApi(() => "mine", accessBy("old", "new"));
  await api.upload(new File(["x"], "x.txt"), undefined, "sealed");
  assert.deepEqual(bearers(), ["Bearer old", "Bearer new"]);
  for (const { method, body, headers } of calls) {
    assert.deepEqual([method, body.get("file").name, headers.continuation], ["POST", "x.txt", "sealed"]);
  }
  replies = [REFUSED, REFUSED];
  await assert.rejects(createApi(() => "mine", accessBy("old", "new")).app(), { code: 401 });
});

test("without a token nothing is asked, and the reason is told; a lost connection has its own", async () => {
  await assert.rejects(createApi(() => "mine", accessBy()).app(), { reason: "signed_out" });
  assert.deepEqual(calls, []);
  replies = [new TypeError("Failed to fetch")];
  await assert.rejects(createApi(() => "mine", accessBy("one")).rate("m", "like"), { reason: "no_connection" });
});
