// What other pages import.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createClient } from "../../../static/js/client.js";
import { FakeSocket } from "./fake-socket.js";

globalThis.WebSocket = FakeSocket;
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
const url = "https://chat.example/assistant/";
const settled = () => new Promise((resolve) => setImmediate(resolve));
const socket = () => FakeSocket.all.at(-1);

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.all = [];
});
afterEach(() => mock.timers.reset());

test("a question is asked as soon as there is a connection, and its answer told as it grows", () => {
  const texts = [];
  const client = createClient({ url, on: { text: ({ text }) => texts.push(text) } });
  const id = client.ask("Hi");
  assert.match(socket().url, /^wss:\/\/chat\.example\/assistant\/ws\/chat\/[0-9a-f]{32}$/);
  socket().accept();
  const [resume, asked] = socket().sent;
  assert.deepEqual([resume.type, asked.type, asked.content, asked.id], ["resume", "chat", "Hi", id]);
  socket().says({ type: "chat_delta", id, offset: 0, content: "One " });
  socket().says({ type: "chat_delta", id, offset: 4, content: "two" });
  socket().says({ type: "chat", id, status: "done", content: "One two" });
  assert.deepEqual([texts, client.turns[0].status], [["One ", "One two"], "done"]);
});

test("what belongs to no answer is told, and listeners that are not there are missed by nobody", () => {
  const notices = [];
  const client = createClient({ url, on: { notice: ({ content }) => notices.push(content) } });
  socket().accept();
  const id = client.ask("Hi");
  socket().says({ type: "error", code: 10000, content: "What?" });
  socket().says({ type: "chat_event", id, event: "node_started", step: "s" });
  socket().says({ type: "error", id, code: 503, content: "No.", reason: "unreachable" });
  assert.deepEqual([notices, client.turns[0].failure.reason], [["What?"], "unreachable"]);
});

test("where users sign in, the first frame is their token, and later a new one", async () => {
  const tokens = ["one", "two"];
  createClient({ url, accessToken: async () => tokens.shift() });
  await settled();
  socket().accept();
  socket().says({ type: "system", resume_token: "f".repeat(32) });
  socket().says({ type: "system", reason: "token_expiring" });
  await settled();
  assert.deepEqual(socket().sent.filter(({ type }) => type === "auth").map(({ token }) => token), ["one", "two"]);
});

test("who has no token is not connected, and tried again", async () => {
  const states = [];
  createClient({ url, accessToken: () => Promise.reject(new Error("offline")), on: { state: (each) => states.push(each) } });
  await settled();
  assert.equal(FakeSocket.all.length, 0);
  assert.deepEqual(states.map(({ name, reason }) => [name, reason]), [["waiting", "signed_out"]]);
});

const told = () => socket().sent.map(({ type, token }) => [type, token]);

test("who is forgotten goes on as another, and the service is told, as soon as it can be", () => {
  const client = createClient({ url, token: "first" });
  socket().accept();
  const id = client.ask("Hi");
  socket().says({ type: "chat", id, status: "done", content: "Hello", conversation_id: "c" });
  const second = client.forget();
  assert.deepEqual(told(), [["resume", "first"], ["chat", undefined], ["resume", second], ["forget", "first"]]);
  assert.deepEqual(client.turns, []);
  socket().drops(); // before the service could say so
  const third = client.forget();
  mock.timers.tick(60_000);
  socket().accept();
  assert.deepEqual(told(), [["resume", third], ["forget", "first"], ["forget", second]]);
  for (let at = 0; at < 2; at++) socket().says({ type: "system", reason: "forgotten", content: "" });
  socket().drops();
  mock.timers.tick(60_000);
  socket().accept();
  assert.deepEqual(told(), [["resume", third]]);
  assert.equal(client.token(), third);
});

test("who leaves is gone", () => {
  const client = createClient({ url });
  client.close();
  assert.ok(socket().given_up);
});
