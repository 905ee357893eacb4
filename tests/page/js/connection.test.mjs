// The page's connection on a clock and a socket of the test's own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createAccess } from "../../../static/js/access-token.js";
import { backoff, connect, isFinal, parseFrame, PING_PERIOD_MS, socketUrl } from "../../../static/js/connection.js";
import { FakeSocket } from "./fake-socket.js";

let states, frames, running, connection, start;
const listeners = {};
globalThis.WebSocket = FakeSocket;
globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
globalThis.document = { visibilityState: "visible", addEventListener: globalThis.addEventListener };

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  mock.method(Math, "random", () => 1);
  FakeSocket.all = [];
  [states, frames, running] = [[], [], undefined];
  const onState = (state) => states.push(state);
  const onFrame = (frame) => frames.push(frame);
  const resume = () => ({ type: "resume", token: "mine", ...running });
  start = (more) => connect({ url: "ws://x", resume, onState, onFrame, ...more });
  connection = start();
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** In small steps, since a timer may set the next. */
function pass(milliseconds) {
  for (let left = milliseconds; left > 0; left -= 50) mock.timers.tick(Math.min(50, left));
}

test("back-off doubles up to half a minute, with full jitter", () => {
  assert.deepEqual([0, 1, 2, 6, 500].map(backoff), [500, 1000, 2000, 30_000, 30_000]);
  Math.random = () => 0;
  assert.equal(backoff(4), 0);
});

test("close codes say whether to come back", () => {
  assert.deepEqual([1008, 4401, 4500, 4999].map(isFinal), Array(4).fill(true));
  assert.deepEqual([1000, 1006, 1009, 1011, 1012, 4000, 4499].map(isFinal), Array(7).fill(false));
});

test("who leaves does not come back, whatever happens", () => {
  FakeSocket.last.accept();
  connection.close();
  assert.ok(FakeSocket.last.given_up);
  FakeSocket.last.drops();
  pass(60_000);
  const waiting = start();
  FakeSocket.last.drops();
  waiting.close();
  pass(60_000);
  waiting.reconnect();
  assert.equal(FakeSocket.all.length, 2);
});

test("the socket's address follows the page's", () => {
  assert.equal(socketUrl("https://a.example:1/chat?embed=1", "x"), "wss://a.example:1/ws/chat/x");
  assert.equal(socketUrl("http://localhost/http/chat#http", "x"), "ws://localhost/http/ws/chat/x");
});

test("what is no frame is passed over", () => {
  assert.equal(parseFrame("nope"), null);
  FakeSocket.last.accept();
  FakeSocket.last.onmessage({ data: "[[[" });
  FakeSocket.last.says({ type: "chat" });
  assert.deepEqual(frames, [{ type: "chat" }]);
});

test("half of a surrogate pair goes out as U+FFFD, and whole ones as they are", () => {
  FakeSocket.last.accept();
  connection.send({ type: "chat", content: "\ud83d a \ude00 👩", inputs: { cut: ["👩\ud83d"] } });
  const { content, inputs } = FakeSocket.last.sent.at(-1);
  assert.deepEqual([content, inputs.cut], ["\ufffd a \ufffd 👩", ["👩\ufffd"]]);
});

test("it pings in time, and a pong keeps it alive", () => {
  FakeSocket.last.accept();
  for (let period = 1; period <= 5; period++) {
    pass(PING_PERIOD_MS);
    assert.equal(FakeSocket.last.sent.length, 1 + period);
    assert.equal(FakeSocket.last.sent.at(-1).type, "ping");
    FakeSocket.last.says({ type: "pong" });
  }
  assert.equal(FakeSocket.all.length, 1);
});

test("two periods of silence mean that the connection is dead", () => {
  FakeSocket.last.accept();
  pass(2 * PING_PERIOD_MS);
  assert.equal(FakeSocket.all[0].given_up, true);
  pass(1000);
  assert.equal(FakeSocket.all.length, 2);
});

test("each try waits longer, until a connection stays", () => {
  const delays = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    FakeSocket.last.drops();
    delays.push(states.at(-1).delay);
    pass(states.at(-1).delay);
  }
  FakeSocket.last.accept();
  pass(6000);
  FakeSocket.last.drops();
  assert.deepEqual([...delays, states.at(-1).delay], [500, 1000, 2000, 4000, 500]);
});

test("it tries at once when the network or the reader is back", () => {
  for (const type of ["online", "pageshow", "visibilitychange"]) {
    FakeSocket.last.drops();
    const tries = FakeSocket.all.length;
    listeners[type]();
    assert.equal(FakeSocket.all.length, tries + 1);
  }
});

test("it obeys a code that says not to come back", () => {
  FakeSocket.last.accept();
  FakeSocket.last.drops(4500, "Replaced.");
  assert.deepEqual(states.at(-1), { name: "ended", code: 4500 });
  pass(100_000);
  listeners.online();
  assert.equal(FakeSocket.all.length, 1);
});

test("where the network is gone, a connection without a reply is given up at once, and one with a reply is kept", () => {
  FakeSocket.last.accept();
  const { last: socket } = FakeSocket;
  listeners.offline({ type: "offline" });
  socket.says({ type: "pong" });
  pass(5_000);
  assert.ok(!socket.given_up);
  listeners.offline({ type: "offline" });
  pass(1_000);
  assert.ok(socket.given_up);
  assert.equal(states.at(-1).name, "waiting");
});

test("an attempt that hangs is given up", () => {
  pass(15_000);
  assert.equal(states.at(-1).name, "waiting");
});

test("a socket that was given up is not listened to", () => {
  FakeSocket.last.accept();
  pass(3 * PING_PERIOD_MS);
  FakeSocket.all[0].drops(4500);
  assert.notEqual(states.at(-1).name, "ended");
});

test("sending says whether it was written", () => {
  assert.equal(connection.send({ type: "stop" }), false);
  FakeSocket.last.accept();
  assert.equal(connection.send({ type: "stop" }), true);
  FakeSocket.last.drops();
  assert.equal(connection.send({ type: "stop" }), false);
});

test("one token opens each connection, and takes up the turn that is under way", () => {
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "resume", token: "mine" }]);
  FakeSocket.last.says({ type: "system", resume_token: "another" });
  running = { id: "turn", offset: 7 };
  FakeSocket.last.drops();
  pass(1000);
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent, [{ type: "resume", token: "mine", id: "turn", offset: 7 }]);
});

test("it comes back when the service said so", () => {
  FakeSocket.last.accept();
  FakeSocket.last.says({ type: "system", content: "Restarting", retry_after: 4321 });
  FakeSocket.last.drops(1012);
  assert.equal(states.at(-1).delay, 4321);
});

test("when to ask for a turn again is not when to come back", () => {
  FakeSocket.last.accept();
  FakeSocket.last.says({ type: "error", id: "q1", reason: "turn_unreachable", retry_after: 60_000 });
  FakeSocket.last.drops();
  assert.equal(states.at(-1).delay, 500);
});

/** A connection where users must prove who they are; `answer` is the site's to each request for a token. */
function startSignedIn(answer) {
  FakeSocket.all = [];
  const site = { answer, asked: 0 };
  const ask = () => {
    site.asked++;
    queueMicrotask(() => site.access.receive(site.answer));
    return true;
  };
  const onToken = (token) => site.connection?.authenticate(token);
  site.access = createAccess({ ask, onToken });
  site.connection = start({ access: site.access });
  return site;
}

const settled = () => new Promise(setImmediate);
const greeting = { type: "system", client_id: "c", resume_token: "another" };
const typesSent = () => FakeSocket.last.sent.map(({ type, token }) => `${type} ${token}`);

test("where users must prove who they are, the token goes first, and nothing goes on before it was taken", async () => {
  startSignedIn("one");
  await settled();
  FakeSocket.last.accept();
  FakeSocket.last.says({ type: "system", client_id: "c" });
  FakeSocket.last.says({ type: "error", code: 401 });
  assert.deepEqual([typesSent(), states, frames], [["auth one"], [], []]);
  FakeSocket.last.says(greeting);
  assert.deepEqual([typesSent(), states], [["auth one", "resume mine"], [{ name: "open" }]]);
});

test("without a token there is no socket, a reason, and another try, at once when one comes", async () => {
  const site = startSignedIn(null);
  await settled();
  assert.deepEqual(states, [{ name: "waiting", delay: 500, reason: "signed_out" }]);
  pass(500);
  await settled();
  assert.deepEqual([states.at(-1).delay, site.asked, FakeSocket.all], [1000, 2, []]);
  site.access.receive("one");
  await settled();
  FakeSocket.last.accept();
  assert.deepEqual([typesSent(), site.asked], [["auth one"], 2]);
});

test("a token that is about to expire is renewed while connected, however often it takes to get another", async () => {
  const site = startSignedIn("one");
  await settled();
  FakeSocket.last.accept();
  FakeSocket.last.says(greeting);
  FakeSocket.last.says({ type: "system", reason: "token_expiring" });
  await settled();
  assert.deepEqual(typesSent(), ["auth one", "resume mine"]);
  for (const [delay, answer] of [[500, null], [1000, "two"], [10_000, "three"]]) {
    site.answer = answer;
    pass(delay);
    await settled();
  }
  assert.deepEqual([typesSent().slice(2), site.asked, FakeSocket.all.length], [["auth two"], 4, 1]);
});

test("after 4401 another token is asked for; one that never was taken is told of, and tried more slowly", async () => {
  const site = startSignedIn("one");
  await settled();
  FakeSocket.last.accept();
  FakeSocket.last.says(greeting);
  const tries = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    FakeSocket.last.drops(4401);
    tries.push([states.at(-1).delay, states.at(-1).reason]);
    pass(states.at(-1).delay);
    await settled();
    FakeSocket.last.accept();
  }
  const refused = "token_invalid";
  assert.deepEqual(tries, [[500, undefined], [1000, refused], [2000, refused], [4000, refused]]);
  assert.equal(site.asked, 5);
});
