// Questions and their answers: a queue, of which one is under way at a time. Knows frames, and no DOM.

import { forget, keep, keepTurns, recall } from "./memory.js";
import { countOf, unseen } from "./text.js";

const STOP_PATIENCE_MS = 5_000; // a service that never confirms must not lock the page
const KEEP_PERIOD_MS = 1_000;

export const isOver = ({ status }) => !["waiting", "asked"].includes(status);

/** 128 random bits; crypto.randomUUID is missing on plain-http intranets. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A turn is {id, question, files, inputs, status, text, at, …}: `status` is waiting (not yet sent), asked, and then done,
 * stopped, incomplete or failed; `text` the answer so far, of `count` code points; `at` and `askedAt` Unix milliseconds; `wordAfter` milliseconds.
 * At its end come `source`, `reason`, `message_id`, `usage`, `citations`, `failure` (an error frame) as the service sent them.
 *
 * `send(frame)` says whether it was written. `on` is told: added(turn), started(turn), text(turn, replaced), event(turn,
 * frame), ended(turn), removed(turn).
 */
export function createAsker({ send, on }) {
  const turns = recall("turns", []);
  let conversation = recall("conversation");
  let canSend = false;
  let stopTimer, keepTimer;

  const current = () => turns.find((turn) => turn.status === "asked");
  const isOurs = ({ id }) => Boolean(current()) && (id ?? current().id) === current().id;

  function keepSoon() {
    keepTimer ??= setTimeout(keepNow, KEEP_PERIOD_MS);
  }

  function keepNow() {
    keepTimer = clearTimeout(keepTimer);
    keepTurns(turns);
  }

  // Asking

  /** Returns the turn's id, or null where there is nothing to ask. */
  function ask(question, { files = [], inputs } = {}) {
    if (!question.trim()) return null;
    const turn = { id: randomId(), question, files, inputs, status: "waiting", text: "", count: 0, at: Date.now() };
    turns.push(turn);
    on.added(turn);
    keepNow();
    next();
    return turn.id;
  }

  function next() {
    const turn = current() ? null : turns.find(({ status }) => status === "waiting");
    if (!turn || !canSend || !send(frameOf(turn))) return;
    turn.status = "asked";
    turn.askedAt = Date.now();
    keepNow();
    on.started(turn);
  }

  /** What has no value is left out of JSON. */
  function frameOf({ id, question, files, inputs }) {
    const named = ({ kind, id: file }) => ({ type: kind, transfer_method: "local_file", upload_file_id: file });
    return {
      type: "chat",
      id,
      content: question,
      stream: true,
      events: true,
      conversation_id: conversation ?? undefined,
      inputs,
      files: files.length ? files.map(named) : undefined,
    };
  }

  /** Ends the answer under way; without one, takes back the last question that waits. Returns what was taken back. */
  function stop() {
    const turn = current();
    if (!turn) return takeBack(turns.findLast(({ status }) => status === "waiting")?.id);
    if (stopTimer) return null;
    send({ type: "stop", id: turn.id });
    stopTimer = setTimeout(() => settle(turn, "stopped"), STOP_PATIENCE_MS);
    return null;
  }

  function takeBack(id) {
    const at = turns.findIndex((turn) => turn.id === id && turn.status === "waiting");
    if (at < 0) return null;
    const [turn] = turns.splice(at, 1);
    keepNow();
    on.removed(turn);
    return turn;
  }

  function settle(turn, status, more = {}) {
    stopTimer = clearTimeout(stopTimer);
    Object.assign(turn, more, { status });
    keepNow();
    on.ended(turn);
    next();
  }

  /** Forgets what was said. An answer under way is stopped: nobody reads it. */
  function startAnew() {
    const turn = current();
    turns.length = 0;
    forgetConversation();
    if (turn) send({ type: "stop", id: turn.id });
    if (turn) settle(turn, "stopped");
    keepNow();
  }

  function forgetConversation() {
    conversation = null;
    forget("conversation");
  }

  // Frames. What belongs to a turn that is over is ignored.

  function add(turn, { offset, content, replace }) {
    turn.wordAfter ??= Date.now() - turn.askedAt;
    if (replace) [turn.text, turn.count] = ["", 0];
    const added = unseen(turn.count, replace ? 0 : offset, content);
    turn.text += added;
    turn.count += countOf(added);
    keepSoon();
    on.text(turn, Boolean(replace));
  }

  function finish(turn, frame) {
    const { status = "done", source, reason, message_id, usage, citations, content } = frame;
    const replaced = typeof content === "string" && content !== turn.text;
    if (replaced) add(turn, { content, replace: true });
    if (frame.conversation_id) keep("conversation", (conversation = frame.conversation_id));
    settle(turn, status, { source, reason, message_id, usage, citations });
  }

  function fail(turn, frame) {
    if (frame.reason === "unknown_turn") return unknown(turn);
    if (frame.reason === "conversation_not_found") forgetConversation();
    settle(turn, "failed", { failure: frame, reason: frame.reason });
  }

  /** After a reconnect: the question never arrived, or the service forgot it. Asked once more if no word was lost. */
  function unknown(turn) {
    if (turn.text || turn.again || !send(frameOf(turn))) return settle(turn, "incomplete", { lost: true });
    turn.again = true;
    turn.askedAt = Date.now();
  }

  const RECEIVERS = { chat_delta: add, chat: finish, error: fail, chat_event: (turn, frame) => on.event(turn, frame) };

  /** Says whether the frame belonged to a turn. */
  function receive(frame) {
    const ours = frame.type in RECEIVERS && isOurs(frame) && (frame.type !== "error" || Boolean(frame.id));
    if (ours) RECEIVERS[frame.type](current(), frame);
    return ours;
  }

  function connectionIs(name) {
    canSend = name === "open";
    if (canSend) next();
    if (name === "ended" && current()) settle(current(), "incomplete", { lost: true });
  }

  return {
    ask,
    stop,
    takeBack,
    startAnew,
    receive,
    connectionIs,
    keepNow,
    turns: () => turns.slice(),
    isAnswering: () => Boolean(current()),
    textOf: (id) => turns.find((turn) => turn.id === id)?.text ?? "",
    running: () => (current() ? [{ id: current().id, offset: current().count }] : []),
  };
}
