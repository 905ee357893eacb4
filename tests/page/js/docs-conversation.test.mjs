// What "Try it" of the reference remembers of a connection.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { beforeEach, test } from "node:test";

import { createConversation } from "../../../static/js/docs/conversation.js";

const token = "f".repeat(32);
let conversation;

beforeEach(() => {
  conversation = createConversation();
  conversation.connected(0);
});

const delta = (offset, content, more) => conversation.received({ type: "chat_delta", id: "q", offset, content, ...more });

test("before anything was heard there is nothing to resume", () => {
  assert.equal(conversation.resume(), null);
  conversation.received({ type: "system", resume_token: token });
  assert.deepEqual(conversation.resume(), { type: "resume", token });
});

test("an answer goes on after what was heard of it, counted in code points", () => {
  conversation.sent({ type: "resume", token }, 1);
  conversation.sent({ type: "chat", content: "Hi", id: "q" }, 2);
  delta(0, "Good 👍 ");
  delta(7, "day");
  assert.deepEqual(conversation.resume(), { type: "resume", token, id: "q", offset: 10, replacements: 0 });
  delta(0, "No.", { replace: true, replacements: 1 });
  delta(0, "No."); // again, after a resume
  assert.deepEqual(conversation.resume(), { type: "resume", token, id: "q", offset: 3, replacements: 1 });
  conversation.received({ type: "chat", id: "q", status: "done", content: "No." });
  assert.deepEqual(conversation.resume(), { type: "resume", token });
});

test("an answer whose name the service made is known by its first frame, and other turns change nothing", () => {
  conversation.received({ type: "system", resume_token: token });
  conversation.sent({ type: "chat", content: "Hi" }, 1);
  delta(0, "One");
  conversation.received({ type: "chat_delta", id: "other", offset: 0, content: "Two" });
  assert.deepEqual([conversation.resume().id, conversation.resume().offset], ["q", 3]);
});

test("an answer that cannot be had at the moment is not over, one that failed is", () => {
  conversation.received({ type: "system", resume_token: token });
  conversation.sent({ type: "chat", content: "Hi", id: "q" }, 1);
  conversation.received({ type: "error", id: "q", reason: "turn_unreachable" });
  assert.equal(conversation.resume().id, "q");
  conversation.received({ type: "error", id: "q", reason: "timeout" });
  assert.equal(conversation.resume().id, undefined);
});

test("the script is a program that does the same again", async () => {
  conversation.sent({ type: "chat", content: "\"$'`</script>" }, 20.4);
  conversation.connected(30);
  const double = `
    globalThis.WebSocket = class {
      constructor(url) { console.log("opens " + url); setTimeout(() => this.onopen()); }
      send(text) { console.log(text); }
      close(code) { console.log("leaves " + code); }
    };`;
  const program = double + conversation.script("ws://x/ws/chat");
  const node = spawn(process.execPath, ["--input-type=module", "-e", program]);
  let printed = "";
  node.stdout.on("data", (data) => (printed += data));
  await new Promise((resolve) => node.on("close", resolve));
  assert.match(printed, /^opens ws:\/\/x\/ws\/chat\n/);
  assert.ok(printed.includes(`{"type":"chat","content":"\\"$'\`</script>"}\n`));
  assert.match(printed, /leaves 4000\nopens ws:\/\/x\/ws\/chat\n$/);
});
