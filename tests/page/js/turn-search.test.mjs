// An answer whose process cannot be asked at the moment, and what a resume says of what is there already.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { turnStore } from "../../../static/js/storage.js";
import { createTurnQueue } from "../../../static/js/turn-queue.js";

const kept = new Map();
globalThis.location = new URL("https://chat.example/chat");
globalThis.sessionStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
};

let sent, told, queue, id;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000 });
  mock.method(Math, "random", () => 0.5);
  kept.clear();
  begin();
  queue.connectionIs("open");
  id = queue.ask("a");
  sent = [];
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

function begin() {
  [sent, told] = [[], []];
  const names = ["added", "started", "event", "file", "dropped"];
  const on = Object.fromEntries(names.map((name) => [name, () => {}]));
  on.text = ({ text, soughtAt }) => told.push([text, soughtAt !== undefined]);
  on.ended = ({ status }) => told.push(status);
  queue = createTurnQueue({ send: (frame) => Boolean(sent.push(frame)), token: () => "mine", store: turnStore, on });
}

const says = (type, frame) => queue.receive({ type, id, ...frame });
const unreachable = () => says("error", { code: 503, reason: "turn_unreachable", retry_after: 1_000 });
const resumes = () => sent.filter(({ type }) => type === "resume").map(({ offset }) => offset);

/** As long as the service says the same of each resume. */
function search(milliseconds) {
  for (let left = milliseconds; left > 0; left -= 100) {
    const before = resumes().length;
    mock.timers.tick(100);
    if (resumes().length > before) unreachable();
  }
}

test("an answer that cannot be asked for at the moment keeps its text, and is resumed after the time that was told", () => {
  says("chat_delta", { offset: 0, content: "Half" });
  unreachable();
  assert.deepEqual([queue.find(id).status, told.at(-1)], ["asked", ["Half", true]]);
  mock.timers.tick(999);
  assert.deepEqual(resumes(), []);
  mock.timers.tick(300);
  assert.deepEqual(sent, [{ type: "resume", token: "mine", id, offset: 4, replacements: 0 }]);
});

test("the longer an answer is looked for, the more seldom it is asked for, up to some seconds", () => {
  const times = [];
  unreachable();
  for (let second = 0; second < 100; second++) {
    const before = resumes().length;
    search(1_000);
    if (resumes().length > before) times.push(second);
  }
  const gaps = times.map((time, at) => time - (times[at - 1] ?? 0));
  assert.ok(gaps[1] <= 2 && gaps.at(-1) >= 3 && Math.max(...gaps) <= 6, String(gaps));
});

test("an answer that is found goes on where it was, and is looked for no more", () => {
  says("chat_delta", { offset: 0, content: "Half" });
  unreachable();
  mock.timers.tick(2_000);
  says("chat_delta", { offset: 4, content: " and half" });
  assert.deepEqual(told.slice(-2), [["Half", false], ["Half and half", false]]);
  mock.timers.tick(60_000);
  assert.equal(resumes().length, 1);
});

test("another sign of an answer than its words says, too, that it was found", () => {
  unreachable();
  says("chat_event", { event: "node_started" });
  assert.deepEqual(told.at(-1), ["", false]);
});

test("a search that is over has nothing to do with the next one", () => {
  unreachable();
  search(110_000);
  says("chat_event", { event: "node_started" });
  unreachable();
  search(20_000);
  assert.equal(queue.find(id).status, "asked");
});

test("an answer that cannot be asked for as long as the service would keep it is broken off", () => {
  says("chat_delta", { offset: 0, content: "Half" });
  unreachable();
  search(119_000);
  assert.equal(queue.find(id).status, "asked");
  search(10_000);
  const { status, text, lost } = queue.find(id);
  assert.deepEqual([status, text, lost, told.at(-1)], ["incomplete", "Half", true, "incomplete"]);
});

test("a stop ends the search: at the service's word, or without it after a while", () => {
  unreachable();
  queue.stop();
  assert.deepEqual(sent.at(-1), { type: "stop", id });
  says("chat", { status: "stopped", content: "" });
  assert.equal(queue.find(id).status, "stopped");
  id = queue.ask("b");
  unreachable();
  queue.stop();
  search(5_100);
  assert.equal(queue.find(id).status, "stopped");
  const before = resumes().length;
  mock.timers.tick(60_000);
  assert.equal(resumes().length, before);
});

test("a connection that comes back resumes by itself: the search does not do so as well", () => {
  unreachable();
  queue.connectionIs("waiting");
  queue.connectionIs("open");
  mock.timers.tick(60_000);
  assert.deepEqual(resumes(), []);
  unreachable();
  mock.timers.tick(7_000);
  assert.equal(resumes().length, 1);
});

test("an answer that is unknown after all is lost", () => {
  says("chat_delta", { offset: 0, content: "Half" });
  unreachable();
  says("error", { code: 404, reason: "unknown_turn" });
  assert.deepEqual([queue.find(id).status, queue.find(id).lost], ["incomplete", true]);
});

test("a form whose answer cannot be found can be sent again", () => {
  says("chat", { status: "paused", content: "", form: { actions: [] }, continuation: "sealed" });
  const paused = queue.find(id);
  id = queue.goOn(paused, { action: "yes", title: "Yes", inputs: {} });
  unreachable();
  search(130_000);
  assert.deepEqual([queue.turns, paused.decision, paused.refusal], [[paused], undefined, { reason: "unreachable" }]);
});

test("a resume says how often the answer was replaced so far, also after a reload", () => {
  assert.equal(queue.resume().replacements, 0);
  says("chat_delta", { offset: 0, content: "Too far", replacements: 0 });
  says("chat_delta", { offset: 0, content: "Withdrawn.", replace: true, replacements: 2 });
  says("chat_delta", { offset: 10, content: " Sorry." });
  queue.save();
  begin();
  assert.deepEqual(queue.resume(), { type: "resume", token: "mine", id, offset: 17, replacements: 2 });
});

test("to a service that does not count replacements a resume says nothing of them after one", () => {
  says("chat_delta", { offset: 0, content: "No.", replace: true });
  assert.ok(!("replacements" in JSON.parse(JSON.stringify(queue.resume()))));
});

test("without an answer under way a resume names the client only", () => {
  says("chat", { status: "done", content: "A" });
  assert.deepEqual(JSON.parse(JSON.stringify(queue.resume())), { type: "resume", token: "mine" });
});
