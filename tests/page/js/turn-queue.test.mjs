// Questions and answers over frames, without a socket or a page.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createTurnQueue } from "../../../static/js/turn-queue.js";
import { countCodePoints, unseen } from "../../../static/js/code-points.js";

const kept = new Map();
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};

let sent, told, isOpen, queue;

beforeEach(() => {
  kept.clear();
  begin();
});

/** A page that is opened, or opened again. */
function begin() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  [sent, told, isOpen] = [[], [], false];
  const tell = (name) => (turn) => told.push(`${name} ${turn.question}: ${turn.text}`);
  const names = ["added", "started", "text", "event", "ended"];
  const on = Object.fromEntries(names.map((name) => [name, tell(name)]));
  queue = createTurnQueue({ send: (frame) => isOpen && Boolean(sent.push(frame)), on });
}

function connectionIs(name) {
  isOpen = name === "open";
  queue.connectionIs(name);
}

const asked = () => sent.filter(({ type }) => type === "chat").map(({ content }) => content);
const delta = (id, offset, content) => queue.receive({ type: "chat_delta", id, offset, content });
const textOf = (id) => queue.find(id).text;
const end = (id, more) => queue.receive({ type: "chat", id, status: "done", content: textOf(id), ...more });

test("a question asked before there is a connection is sent once", () => {
  queue.ask("a");
  assert.deepEqual(asked(), []);
  connectionIs("open");
  connectionIs("waiting");
  connectionIs("open");
  assert.deepEqual(asked(), ["a"]);
});

test("one question is under way at a time, and each goes on with the conversation", () => {
  connectionIs("open");
  const id = queue.ask("a");
  queue.ask("b");
  assert.deepEqual(asked(), ["a"]);
  end(id, { content: "A", conversation_id: "talk" });
  assert.deepEqual(asked(), ["a", "b"]);
  assert.deepEqual(sent.map((frame) => frame.conversation_id), [undefined, "talk"]);
});

test("text that comes twice is added once, and an answer that is withdrawn is replaced", () => {
  connectionIs("open");
  const id = queue.ask("a");
  delta(id, 0, "👋 he");
  delta(id, 2, "hello");
  assert.equal(textOf(id), "👋 hello");
  assert.deepEqual(queue.running(), { id, offset: 7 });
  queue.receive({ type: "chat_delta", id, offset: 0, content: "No.", replace: true });
  assert.equal(textOf(id), "No.");
});

test("what belongs to another turn, or to one that is over, changes nothing", () => {
  connectionIs("open");
  const id = queue.ask("a");
  delta("other", 0, "x");
  end(id, { content: "A" });
  delta(id, 1, "late");
  assert.equal(textOf(id), "A");
});

test("a question that the service does not know is asked once more under the same id, if no word of it is lost", () => {
  connectionIs("open");
  const id = queue.ask("a");
  const unknown = () => queue.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  unknown();
  assert.deepEqual(sent.map((frame) => frame.id), [id, id]);
  unknown();
  assert.equal(queue.turns[0].status, "incomplete");
});

test("an answer that the service forgot keeps its text and counts as broken off", () => {
  connectionIs("open");
  const id = queue.ask("a");
  delta(id, 0, "half");
  queue.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  const [turn] = queue.turns;
  assert.deepEqual([turn.status, turn.text, turn.lost], ["incomplete", "half", true]);
});

test("a stop that nobody confirms ends the turn after a while", () => {
  connectionIs("open");
  queue.ask("a");
  queue.stop();
  queue.stop();
  assert.deepEqual(sent.map(({ type }) => type), ["chat", "stop"]);
  mock.timers.tick(5_000);
  assert.equal(queue.turns[0].status, "stopped");
  assert.equal(queue.isAnswering(), false);
});

test("with nothing under way, stop takes back the last question that waits", () => {
  queue.ask("a");
  queue.ask("b");
  assert.equal(queue.stop().question, "b");
  connectionIs("open");
  assert.deepEqual(asked(), ["a"]);
});

test("a page that is opened again knows what was said, and goes on", () => {
  connectionIs("open");
  const id = queue.ask("a");
  queue.ask("b");
  delta(id, 0, "half");
  queue.save();
  begin();
  assert.deepEqual(queue.running(), { id, offset: 4 });
  connectionIs("open");
  assert.deepEqual(asked(), []);
  delta(id, 4, " and half");
  end(id);
  assert.deepEqual(queue.turns.map(({ text, status }) => [text, status]), [["half and half", "done"], ["", "asked"]]);
  assert.deepEqual(asked(), ["b"]);
});

test("a conversation that is over is left, and a new one forgets all", () => {
  connectionIs("open");
  end(queue.ask("a"), { conversation_id: "talk" });
  const id = queue.ask("b");
  queue.receive({ type: "error", id, code: 404, reason: "conversation_not_found" });
  queue.ask("c");
  assert.deepEqual(sent.map((frame) => frame.conversation_id), [undefined, "talk", undefined]);
  queue.clear();
  assert.equal(sent.at(-1).type, "stop");
  assert.deepEqual(queue.turns, []);
  begin();
  assert.deepEqual(queue.turns, []);
});

test("a question that was taken back is not there after a reload", () => {
  queue.ask("a");
  queue.stop();
  begin();
  connectionIs("open");
  assert.deepEqual(asked(), []);
});

test("a connection that must not come back ends the answer under way", () => {
  connectionIs("open");
  queue.ask("a");
  connectionIs("ended");
  assert.equal(queue.turns[0].status, "incomplete");
});

test("what has only blanks is not asked", () => {
  assert.equal(queue.ask(" \n"), null);
});

test("a delta that overlaps adds only what is new, in code points", () => {
  assert.equal(unseen(3, 1, "a👋bc"), "bc");
  assert.equal(unseen(3, 3, "new"), "new");
  assert.equal(countCodePoints("a👋\ud83d"), 3);
});

test("a mock that stands in is known by its first words, one in mock mode stands in for nothing", () => {
  connectionIs("open");
  const id = queue.ask("a");
  queue.receive({ type: "chat_delta", id, offset: 0, content: "This", source: "mock", reason: "lost" });
  assert.equal(queue.find(id).isStandIn, true);
  end(id, { source: "mock", reason: "lost" });
  const other = queue.ask("b");
  queue.receive({ type: "chat_delta", id: other, offset: 0, content: "This", source: "mock" });
  end(other, { source: "mock", reason: "broken_off", status: "incomplete" });
  assert.equal(queue.find(other).isStandIn, undefined);
});

test("a conversation that is brought back is the same, and goes on", () => {
  connectionIs("open");
  const id = queue.ask("a");
  delta(id, 0, "half");
  queue.ask("b");
  queue.clear();
  assert.deepEqual([sent.at(-1).type, queue.turns, told.at(-1)], ["stop", [], "ended a: half"]);
  queue.receive({ type: "chat", id, content: "half", status: "stopped", conversation_id: "talk" });
  queue.restore();
  queue.next();
  assert.deepEqual(asked(), ["a", "b"]);
  assert.equal(sent.at(-1).conversation_id, "talk");
  assert.deepEqual(queue.turns.map(({ status, text }) => [status, text]), [["stopped", "half"], ["asked", ""]]);
});
