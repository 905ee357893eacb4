// Questions and answers over frames, without a socket or a page.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { turnStore } from "../../../static/js/storage.js";
import { createTurnQueue } from "../../../static/js/turn-queue.js";
import { countCodePoints, unseen } from "../../../static/js/code-points.js";

const kept = new Map();
globalThis.location = new URL("https://chat.example/chat");
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};

let sent, told, isOpen, queue;
let wantsAudio = false;

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
  const names = ["added", "started", "text", "event", "audio", "file", "ended", "dropped"];
  const on = Object.fromEntries(names.map((name) => [name, tell(name)]));
  const send = (frame) => isOpen && Boolean(sent.push(frame));
  queue = createTurnQueue({ send, token: () => "mine", store: turnStore, wantsAudio: () => wantsAudio, on });
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
  assert.deepEqual(queue.resume(), { type: "resume", token: "mine", id, offset: 7, replacements: 0 });
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

test("a stop that is said while the connection is away is said after the resume, and ends the answer", () => {
  connectionIs("open");
  const id = queue.ask("a");
  delta(id, 0, "half");
  connectionIs("waiting");
  queue.stop();
  connectionIs("open");
  assert.deepEqual(sent.slice(1), [{ type: "stop", id }]);
  end(id, { status: "stopped" });
  assert.deepEqual([queue.turns[0].status, queue.turns[0].text], ["stopped", "half"]);
  connectionIs("waiting");
  connectionIs("open");
  assert.equal(sent.length, 2);
});

test("an answer that was stopped, or left for a new conversation, while away for long is stopped all the same", () => {
  connectionIs("open");
  const id = queue.ask("a");
  connectionIs("waiting");
  queue.stop();
  mock.timers.tick(5_000);
  assert.equal(queue.turns[0].status, "stopped");
  connectionIs("open");
  const other = queue.ask("b");
  connectionIs("waiting");
  queue.clear();
  connectionIs("open");
  assert.deepEqual(sent.filter(({ type }) => type === "stop"), [id, other].map((id) => ({ type: "stop", id })));
});

test("a question that was stopped and never arrived is not asked once more", () => {
  connectionIs("open");
  const id = queue.ask("a");
  connectionIs("waiting");
  queue.stop();
  connectionIs("open");
  queue.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  assert.deepEqual([asked(), queue.turns[0].status], [["a"], "stopped"]);
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
  assert.equal(queue.resume().offset, 4);
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

// What waits for a person.

const FORM = { content: "Well?", inputs: [], actions: [{ id: "yes", title: "Yes" }] };
const YES = { action: "yes", title: "Yes", inputs: { a: 1 } };

/** A turn that waits for a person; nothing was told so far. */
function pause(more = { form: FORM }) {
  connectionIs("open");
  const id = queue.ask("a");
  end(id, { status: "paused", content: "Draft.", continuation: "sealed", conversation_id: "talk", ...more });
  told = [];
  return queue.find(id);
}

test("a decision goes on by the continuation, as a turn of its own that begins with the first news", () => {
  const paused = pause();
  const id = queue.goOn(paused, YES);
  const { stream, events, audio, ...frame } = sent.at(-1);
  const expected = { type: "form", continuation: "sealed", turn_id: id, action: "yes", inputs: { a: 1 } };
  assert.deepEqual([frame, stream, events], [expected, true, true]);
  assert.deepEqual([paused.decision, told], [{ title: "Yes" }, ["added : "]]);
  delta(id, 0, "Sent");
  end(id, { content: "Sent." });
  assert.deepEqual(told.slice(1), ["started : ", "text : Sent", "text : Sent.", "ended : Sent."]);
  queue.ask("b");
  assert.equal(sent.at(-1).conversation_id, "talk");
});

test("a decision that is refused can be taken again, with what was typed", () => {
  const paused = Object.assign(pause(), { entered: { a: "1" } });
  const id = queue.goOn(paused, YES);
  queue.receive({ type: "error", id, code: 412, reason: "form_submitted" });
  assert.deepEqual([told.at(-1), queue.turns, paused.decision], ["dropped : ", [paused], undefined]);
  assert.deepEqual([paused.refusal.reason, paused.entered], ["form_submitted", { a: "1" }]);
  queue.goOn(paused, YES);
  assert.equal(paused.refusal, undefined);
});

test("a decision before there is a connection is sent once there is one, also after a reload", () => {
  pause();
  connectionIs("waiting");
  queue.goOn(queue.turns[0], YES);
  begin();
  connectionIs("open");
  const told = sent.map(({ type, action, continuation }) => [type, action, continuation]);
  assert.deepEqual(told, [["form", "yes", "sealed"]]);
  assert.deepEqual(queue.turns[0].decision, { title: "Yes" });
});

test("how it went on is asked with the token, by one at a time; where nothing has changed, nothing is told", () => {
  const paused = pause();
  const id = queue.goOn(paused);
  assert.equal(queue.goOn(paused), null);
  assert.deepEqual(sent.at(-1), { type: "resume", token: "mine", continuation: "sealed", turn_id: id, audio: undefined });
  queue.receive({ type: "chat", id, status: "paused", content: "", form: { ...FORM }, continuation: "resealed" });
  assert.deepEqual([queue.turns, told.at(-1)], [[paused], "dropped : "]);
  assert.deepEqual([paused.form, paused.continuation, paused.decision], [FORM, "sealed", undefined]);
});

test("another form that waits by now takes the place of the first", () => {
  const paused = Object.assign(pause(), { entered: { a: "1" } });
  const id = queue.goOn(paused);
  const form = { ...FORM, content: "And?" };
  queue.receive({ type: "chat", id, status: "paused", content: "", form, continuation: "other" });
  assert.deepEqual([paused.form.content, paused.continuation, paused.entered], ["And?", "other", undefined]);
});

test("what was decided elsewhere is told as what follows", () => {
  const paused = pause();
  end(queue.goOn(paused), { content: "Sent." });
  assert.deepEqual(told.slice(1), ["started : ", "text : Sent.", "ended : Sent."]);
  assert.deepEqual(paused.decision, {});
});

test("a decision is taken while it is asked how it went on, and the asking does not undo it", () => {
  const paused = pause();
  const look = queue.goOn(paused);
  const id = queue.goOn(paused, YES);
  queue.receive({ type: "chat", id: look, status: "paused", content: "", form: FORM, continuation: "x" });
  assert.deepEqual([sent.at(-1).turn_id, paused.decision], [id, { title: "Yes" }]);
});

test("a form after a form is a pause of its own", () => {
  const id = queue.goOn(pause(), YES);
  end(id, { status: "paused", content: "", form: FORM, continuation: "second" });
  queue.goOn(queue.find(id), YES);
  assert.deepEqual([sent.at(-1).continuation, queue.turns.length], ["second", 3]);
});

test("what follows is lost with its connection, and can be asked for again", () => {
  const paused = pause();
  queue.goOn(paused, YES);
  connectionIs("ended");
  assert.deepEqual([queue.turns, paused.refusal], [[paused], { reason: "unreachable" }]);
});

test("a decision that may have been taken is not sent again: it is asked how it went on", () => {
  const paused = pause();
  const unknown = (id) => queue.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  const taken = queue.goOn(paused, YES);
  unknown(taken);
  assert.deepEqual(sent.at(-1), { type: "resume", token: "mine", continuation: "sealed", turn_id: taken, audio: undefined });
  end(taken, { content: "Sent." });
  assert.deepEqual([told.at(-1), paused.decision], ["ended : Sent.", { title: "Yes" }]);
});

test("a decision that never arrived can be made again", () => {
  const paused = pause();
  const id = queue.goOn(paused, YES);
  queue.receive({ type: "error", id, code: 404, reason: "unknown_turn" });
  end(id, { status: "paused", content: "", form: FORM, continuation: "resealed" });
  assert.deepEqual([queue.turns, paused.decision], [[paused], undefined]);
});

test("what is stopped before its first news, or taken back, leaves the form as it was", () => {
  const paused = pause();
  const id = queue.goOn(paused, YES);
  queue.stop();
  end(id, { status: "stopped" });
  assert.deepEqual([queue.turns, paused.decision], [[paused], undefined]);
  connectionIs("waiting");
  queue.goOn(paused, YES);
  queue.stop();
  assert.deepEqual([queue.turns, paused.decision], [[paused], undefined]);
});

test("an asking that is stopped changes nothing", () => {
  const paused = pause();
  const id = queue.goOn(paused);
  queue.stop();
  end(id, { status: "stopped" });
  assert.deepEqual([queue.turns, paused.decision, told.at(-1)], [[paused], undefined, "dropped : "]);
});

test("a new conversation takes what follows a pause with it", () => {
  const paused = pause();
  queue.goOn(paused, YES);
  queue.clear();
  queue.restore();
  assert.deepEqual([queue.turns, paused.decision], [[paused], undefined]);
});

test("files of an app are kept with its answer; those in a text that is withdrawn go with it", () => {
  connectionIs("open");
  const id = queue.ask("a");
  const file = (name, link) => ({ kind: "image", name, url: `/api/app-files/${name}?1`, link });
  queue.receive({ type: "chat_file", id, ...file("a") });
  queue.receive({ type: "chat_file", id, ...file("b", "/files/b") });
  const names = () => queue.find(id).made.map(({ name }) => name);
  assert.deepEqual([names(), told.at(-1)], [["a", "b"], "file a: "]);
  queue.receive({ type: "chat_delta", id, offset: 0, content: "Withdrawn.", replace: true });
  assert.deepEqual(names(), ["a"]);
  told = [];
  end(id, { files: [file("a"), file("c")] });
  assert.deepEqual([names(), told], [["a", "c"], ["file a: Withdrawn.", "ended a: Withdrawn."]]);
});

test("what the app says by itself is asked for where it is wanted, and told of", () => {
  connectionIs("open");
  wantsAudio = true;
  const id = queue.ask("a");
  wantsAudio = false;
  assert.deepEqual([sent.at(-1).audio, queue.find(id).audio], [true, true]);
  queue.receive({ type: "chat_audio", id, number: 0, content: "AAAA" });
  queue.receive({ type: "chat_audio", id: "other", number: 0, content: "AAAA" });
  assert.deepEqual(told.filter((entry) => entry.startsWith("audio")), ["audio a: "]);
  end(id);
  queue.ask("b");
  assert.equal(sent.at(-1).audio, undefined);
});
