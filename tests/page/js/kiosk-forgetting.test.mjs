// Tokens that the service is told to forget, until it has.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { createForgetting } from "../../../static/js/kiosk/forgetting.js";

const GREETING = { type: "system", resume_token: "new" };
const FORGOTTEN = { type: "system", reason: "forgotten", resume_token: "new" };
let sockets, kept, timers;
const before = { ...globalThis, setTimeout: globalThis.setTimeout };

class Socket {
  sent = [];
  isClosed = false;
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  says(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  close() {
    this.isClosed = true;
    this.onclose();
  }
}

function connect() {
  sockets.push(new Socket());
  return sockets.at(-1);
}

const begin = (accessToken) => createForgetting({ connect, accessToken: () => accessToken });
const tokensKept = () => JSON.parse(kept.get("dify-live:forget") ?? "[]").map(({ token }) => token);

beforeEach(() => {
  [sockets, kept, timers] = [[], new Map(), []];
  globalThis.location = new URL("http://ward.example/chat?kiosk=90");
  globalThis.sessionStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => kept.set(name, text) };
  globalThis.setTimeout = (act) => timers.push(act);
});
afterEach(() => Object.assign(globalThis, { setTimeout: before.setTimeout }));

test("where there is nothing to forget, nobody connects", () => {
  begin();
  assert.equal(sockets.length, 0);
});

test("each token is told after the greeting, one after the other, and then the connection ends", () => {
  const forgetting = begin();
  forgetting.add("a");
  forgetting.add("b");
  const [socket] = sockets;
  socket.onopen();
  assert.deepEqual(socket.sent, []);
  socket.says(GREETING);
  assert.deepEqual(socket.sent, [{ type: "forget", token: "a" }]);
  socket.says(FORGOTTEN);
  assert.deepEqual([socket.sent.at(-1), tokensKept()], [{ type: "forget", token: "b" }, ["b"]]);
  socket.says(FORGOTTEN);
  assert.deepEqual([socket.isClosed, tokensKept(), sockets.length, timers.length], [true, [], 1, 0]);
});

test("what could not be told is told when the service is back, also after a reload", () => {
  begin().add("a");
  sockets[0].onclose();
  timers.pop()();
  assert.equal(sockets.length, 2);
  sockets[1].says({ type: "error", reason: "busy" });
  assert.deepEqual([sockets[1].sent, tokensKept()], [[], ["a"]]);
  begin();
  sockets[2].says(GREETING);
  assert.deepEqual(sockets[2].sent, [{ type: "forget", token: "a" }]);
});

test("where users prove who they are, the user's token goes before", () => {
  begin("jwt").add("a");
  sockets[0].onopen();
  assert.deepEqual(sockets[0].sent, [{ type: "auth", token: "jwt" }]);
});

test("what the service has forgotten by itself is not told any more", () => {
  kept.set("dify-live:forget", JSON.stringify([{ token: "old", at: Date.now() - 3_700_000 }]));
  begin();
  assert.equal(sockets.length, 0);
});
