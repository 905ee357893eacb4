// Questions and answers over frames, without a socket or a page.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createAsker } from "../../static/js/asker.js";
import { countOf, unseen } from "../../static/js/text.js";

const kept = new Map();
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};

let sent, told, isOpen, asker;

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
  asker = createAsker({ send: (frame) => isOpen && Boolean(sent.push(frame)), on });
}

function connectionIs(name) {
  isOpen = name === "open";
  asker.connectionIs(name);
}

const asked = () => sent.filter(({ type }) => type === "chat").map(({ content }) => content);
const delta = (id, offset, content) => asker.receive({ type: "chat_delta", id, offset, content });
const textOf = (id) => asker.find(id).text;
const end = (id, more) => asker.receive({ type: "chat", id, status: "done", content: textOf(id), ...more });

test("a question asked before there is a connection is sent once", () => {
  asker.ask("a");
  assert.deepEqual(asked(), []);
  connectionIs("open");
  connectionIs("waiting");
  connectionIs("open");
  assert.deepEqual(asked(), ["a"]);
});

test("one question is under way at a time, and each goes on with the conversation", () => {
  connectionIs("open");
  const id = asker.ask("a");
  asker.ask("b");
  assert.deepEqual(asked(), ["a"]);
  end(id, { content: "A", conversation_id: "talk" });
  assert.deepEqual(asked(), ["a", "b"]);
  assert.deepEqual(sent.map((frame) => frame.conversation_id), [undefined, "talk"]);
});

test("text that comes twice is added once, and an answer that is withdrawn is replaced", () => {
  connectionIs("open");
  const id = asker.ask("a");
  delta(id, 0, "👋 he");
  delta(id, 2, "hello");
  assert.equal(textOf(id), "👋 hello");
  assert.deepEqual(asker.running(), { id, offset: 7 });
  asker.receive({ type: "chat_delta", id, offset: 0, content: "No.", replace: true });
  assert.equal(textOf(id), "No.");
});

test("what belongs to another turn, or to one that is over, changes nothing", () => {
  connectionIs("open");
  const id = asker.ask("a");
  delta("other", 0, "x");
  end(id, { content: "A" });
  delta(id, 1, "late");
  assert.equal(textOf(id), "A");
});

test("a question that the service does not know is asked once more under the same id, if no word of it is lost", () => {
  connectionIs("open");
  const id = asker.ask("a");
  const unknown = () => asker.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  unknown();
  assert.deepEqual(sent.map((frame) => frame.id), [id, id]);
  unknown();
  assert.equal(asker.turns[0].status, "incomplete");
});

test("an answer that the service forgot keeps its text and counts as broken off", () => {
  connectionIs("open");
  const id = asker.ask("a");
  delta(id, 0, "half");
  asker.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  const [turn] = asker.turns;
  assert.deepEqual([turn.status, turn.text, turn.lost], ["incomplete", "half", true]);
});

test("a stop that nobody confirms ends the turn after a while", () => {
  connectionIs("open");
  asker.ask("a");
  asker.stop();
  asker.stop();
  assert.deepEqual(sent.map(({ type }) => type), ["chat", "stop"]);
  mock.timers.tick(5_000);
  assert.equal(asker.turns[0].status, "stopped");
  assert.equal(asker.isAnswering(), false);
});

test("with nothing under way, stop takes back the last question that waits", () => {
  asker.ask("a");
  asker.ask("b");
  assert.equal(asker.stop().question, "b");
  connectionIs("open");
  assert.deepEqual(asked(), ["a"]);
});

test("a page that is opened again knows what was said, and goes on", () => {
  connectionIs("open");
  const id = asker.ask("a");
  asker.ask("b");
  delta(id, 0, "half");
  asker.keepNow();
  begin();
  assert.deepEqual(asker.running(), { id, offset: 4 });
  connectionIs("open");
  assert.deepEqual(asked(), []);
  delta(id, 4, " and half");
  end(id);
  assert.deepEqual(asker.turns.map(({ text, status }) => [text, status]), [["half and half", "done"], ["", "asked"]]);
  assert.deepEqual(asked(), ["b"]);
});

test("a conversation that is over is left, and a new one forgets all", () => {
  connectionIs("open");
  end(asker.ask("a"), { conversation_id: "talk" });
  const id = asker.ask("b");
  asker.receive({ type: "error", id, code: 404, reason: "conversation_not_found" });
  asker.ask("c");
  assert.deepEqual(sent.map((frame) => frame.conversation_id), [undefined, "talk", undefined]);
  asker.startAnew();
  assert.equal(sent.at(-1).type, "stop");
  assert.deepEqual(asker.turns, []);
  begin();
  assert.deepEqual(asker.turns, []);
});

test("a question that was taken back is not there after a reload", () => {
  asker.ask("a");
  asker.stop();
  begin();
  connectionIs("open");
  assert.deepEqual(asked(), []);
});

test("a connection that must not come back ends the answer under way", () => {
  connectionIs("open");
  asker.ask("a");
  connectionIs("ended");
  assert.equal(asker.turns[0].status, "incomplete");
});

test("what has only blanks is not asked", () => {
  assert.equal(asker.ask(" \n"), null);
});

test("a delta that overlaps adds only what is new, in code points", () => {
  assert.equal(unseen(3, 1, "a👋bc"), "bc");
  assert.equal(unseen(3, 3, "new"), "new");
  assert.equal(countOf("a👋\ud83d"), 3);
});

test("a mock that stands in is known by its first words, one in mock mode stands in for nothing", () => {
  connectionIs("open");
  const id = asker.ask("a");
  asker.receive({ type: "chat_delta", id, offset: 0, content: "This", source: "mock", reason: "lost" });
  assert.equal(asker.find(id).isStandIn, true);
  end(id, { source: "mock", reason: "lost" });
  const other = asker.ask("b");
  asker.receive({ type: "chat_delta", id: other, offset: 0, content: "This", source: "mock" });
  end(other, { source: "mock", reason: "broken_off", status: "incomplete" });
  assert.equal(asker.find(other).isStandIn, undefined);
});

test("a conversation that is brought back is the same, and goes on", () => {
  connectionIs("open");
  const id = asker.ask("a");
  delta(id, 0, "half");
  asker.ask("b");
  asker.startAnew();
  assert.deepEqual([sent.at(-1).type, asker.turns, told.at(-1)], ["stop", [], "ended a: half"]);
  asker.receive({ type: "chat", id, content: "half", status: "stopped", conversation_id: "talk" });
  asker.bringBack();
  asker.next();
  assert.deepEqual(asked(), ["a", "b"]);
  assert.equal(sent.at(-1).conversation_id, "talk");
  assert.deepEqual(asker.turns.map(({ status, text }) => [status, text]), [["stopped", "half"], ["asked", ""]]);
});
