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

test("each token is told after the greeting, one after the other, each on a connection of its own", () => {
  const forgetting = begin();
  forgetting.add({ token: "a" });
  forgetting.add({ token: "b" });
  const [socket] = sockets;
  socket.onopen();
  assert.deepEqual(socket.sent, []);
  socket.says(GREETING);
  assert.deepEqual(socket.sent, [{ type: "forget", token: "a" }]);
  socket.says(FORGOTTEN);
  assert.deepEqual([socket.isClosed, tokensKept(), sockets.length], [true, ["b"], 1]);
  timers.pop()();
  sockets[1].says(GREETING);
  assert.deepEqual(sockets[1].sent, [{ type: "forget", token: "b" }]);
  sockets[1].says(FORGOTTEN);
  assert.deepEqual([sockets[1].isClosed, tokensKept(), timers.length], [true, [], 0]);
});

test("what could not be told is told when the service is back, also after a reload", () => {
  begin().add({ token: "a" });
  sockets[0].onclose();
  timers.pop()();
  assert.equal(sockets.length, 2);
  sockets[1].says({ type: "error", reason: "busy" });
  assert.deepEqual([sockets[1].sent, tokensKept()], [[], ["a"]]);
  begin();
  sockets[2].says(GREETING);
  assert.deepEqual(sockets[2].sent, [{ type: "forget", token: "a" }]);
});

test("where users prove who they are, each token is told as the one who was there, of whom nothing is kept", () => {
  const forgetting = begin("of who comes next");
  forgetting.add({ token: "a", accessToken: "anna's" });
  forgetting.add({ token: "b", accessToken: "ben's" });
  sockets[0].onopen();
  assert.deepEqual(sockets[0].sent, [{ type: "auth", token: "anna's" }]);
  assert.doesNotMatch(kept.get("dify-live:forget"), /'s/);
  sockets[0].says(GREETING);
  sockets[0].says(FORGOTTEN);
  timers.pop()();
  sockets[1].onopen();
  assert.deepEqual(sockets[1].sent, [{ type: "auth", token: "ben's" }]);
});

test("after a reload a token is told as the user of the moment", () => {
  kept.set("dify-live:forget", JSON.stringify([{ token: "a", at: Date.now() }]));
  begin("anna's");
  sockets[0].onopen();
  assert.deepEqual(sockets[0].sent, [{ type: "auth", token: "anna's" }]);
});

test("who is not let in any more keeps the others from nothing", () => {
  const forgetting = begin();
  forgetting.add({ token: "a", accessToken: "too old" });
  forgetting.add({ token: "b", accessToken: "ben's" });
  sockets[0].onclose({ code: 4401 });
  timers.pop()();
  sockets[1].onopen();
  sockets[1].says(GREETING);
  assert.deepEqual(sockets[1].sent, [{ type: "auth", token: "ben's" }, { type: "forget", token: "b" }]);
});

test("what the service has forgotten by itself is not told any more", () => {
  kept.set("dify-live:forget", JSON.stringify([{ token: "old", at: Date.now() - 3_700_000 }]));
  begin();
  assert.equal(sockets.length, 0);
});
