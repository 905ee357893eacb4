// Questions and their answers: a queue, of which one is under way at a time. Knows frames, and no DOM.

import { withErrorBoundary } from "./error-boundary.js";
import { followUpFrame, isNews, questionFrame, randomId, resumeFrame } from "./frames.js";
import { withFile } from "./made-files.js";
import { countCodePoints, unseen } from "./code-points.js";

const STOP_TIMEOUT_MS = 5_000; // a service that never confirms must not lock the page
const SAVE_PERIOD_MS = 1_000;
const LONGEST_SEARCH_MS = 120_000; // twice what RESUME_WINDOW is by default

const NO_STORE = { load: () => [], save() {} };
/** What there is to be told of turns. */
const EVENTS = ["added", "started", "text", "event", "audio", "file", "ended", "dropped"];
const UNHEARD = Object.fromEntries(EVENTS.map((name) => [name, () => {}]));

const isWaiting = ({ status }) => status === "waiting";
const isOpen = ({ status }) => ["waiting", "asked"].includes(status);
const isGone = ({ failure }) => failure?.reason === "conversation_not_found";

/**
 * A turn is {id, question, files, inputs, status, text, at, …}: `status` is waiting (not yet sent), asked, and then
 * done, stopped, paused, incomplete or failed; `text` the answer so far, of `count` code points, after so many
 * `replacements` (if the service counts them); `at`, `askedAt` and `soughtAt` (since when its rest cannot be had) Unix
 * milliseconds, `wordAfter` milliseconds; `isStandIn`: its text is made up; `made`: the files of chat_file frames; at
 * its end what the service sent with it, `failure` (an error frame) or `lost`.
 *
 * A paused one waits for a person: `decision` ({title}; {} where it was taken elsewhere) tells that it does no more,
 * `refusal` (an error frame, {} for "still waiting") what became of the last try. What goes on `follows` it: a turn
 * without a question, which `isBegun` with the first news; one that brings none is dropped.
 *
 * `send(frame)` says whether it was written; `token()` is the connection's; `wantsAudio()`, whether to ask for what
 * the app says by itself: then a turn has `audio`. `on` is told: added(turn), started(turn), text(turn, replaced),
 * event(turn, frame), audio(turn, frame), file(turn), ended(turn), and dropped(turn, paused, isOther): `isOther` where
 * another form waits by now. What fails there does not stop the queue. `store` keeps turns across a reload.
 */
export function createTurnQueue({ send, token, wantsAudio = () => false, store = NO_STORE, on: listeners }) {
  const on = withErrorBoundary({ ...UNHEARD, ...listeners });
  const turns = store.load();
  let before = []; // the turns of the conversation before this one
  const stopping = new Set(); // ids: what was said while away is said again
  let stopTimer, saveTimer, searchTimer;

  const current = () => turns.find(({ status }) => status === "asked");
  const resume = () => resumeFrame(token(), current());
  const sendStop = (id) => stopping.add(id) && send({ type: "stop", id });

  /** The latest answer's, unless the service has said since that it is over. */
  const conversation = () => turns.filter((turn) => turn.conversation_id || isGone(turn)).at(-1)?.conversation_id;

  /** To be called after small changes of a turn. */
  const saveSoon = () => (saveTimer ??= setTimeout(save, SAVE_PERIOD_MS));

  function save() {
    saveTimer = clearTimeout(saveTimer);
    store.save(turns);
  }

  // Asking

  /** Returns the turn's id, or null where there is nothing to ask. */
  function ask(question, files = [], inputs) {
    if (!question.trim()) return null;
    return push({ question, files, inputs });
  }

  /** After a pause: as it was decided, {action, inputs, title}; without a `decision`, it is asked how it went on. */
  function goOn(paused, decision) {
    if (!decision && turns.some((turn) => turn.follows === paused.id && isOpen(turn))) return null;
    paused.refusal = undefined;
    if (decision) paused.decision = { title: decision.title };
    return push({ question: "", files: [], follows: paused.id, decides: decision });
  }

  function push(asked) {
    const turn = { ...asked, id: randomId(), status: "waiting", text: "", count: 0, replacements: 0, at: Date.now() };
    turns.push(turn);
    on.added(turn);
    save();
    next();
    return turn.id;
  }

  function next() {
    const turn = current() ? null : turns.find(isWaiting);
    if (!turn || !send(frameOf(turn))) return;
    Object.assign(turn, { status: "asked", askedAt: Date.now() });
    save();
    if (!turn.follows) on.started(turn);
  }

  function frameOf(turn) {
    turn.audio = wantsAudio() || undefined;
    if (!turn.follows) return questionFrame(turn, conversation());
    return followUpFrame(turn, pausedBefore(turn).continuation, token());
  }

  /** Ends the answer under way; without one, takes back the last question that waits. Returns its turn. */
  function stop() {
    const turn = current() ?? turns.filter(isWaiting).at(-1);
    if (!turn || stopTimer) return turn;
    if (isWaiting(turn)) return takeBack(turn);
    sendStop(turn.id);
    stopTimer = setTimeout(end, STOP_TIMEOUT_MS, turn, "stopped");
    return turn;
  }

  function takeBack(turn) {
    (turn.follows ? drop : remove)(turn);
    save();
    return turn;
  }

  // What follows a pause

  const pausedBefore = ({ follows }) => [...turns, ...before].find(({ id }) => id === follows) ?? {};

  function begin(turn) {
    turn.isBegun = true;
    pausedBefore(turn).decision ??= {};
    on.started(turn);
  }

  /** The form can be filled in again, unless it was decided on elsewhere. */
  function drop(turn) {
    const paused = pausedBefore(turn);
    const { status, lost, failure = lost ? { reason: "unreachable" } : {}, form, continuation } = turn;
    remove(turn);
    const isOther = status === "paused" && JSON.stringify(form) !== JSON.stringify(paused.form);
    if (isOther) Object.assign(paused, { form, continuation, entered: undefined });
    if (isOther || turn.decides) paused.decision = undefined;
    paused.refusal = failure;
    on.dropped(turn, paused, isOther);
  }

  function remove(turn) {
    for (const all of [turns, before]) if (all.includes(turn)) all.splice(all.indexOf(turn), 1);
  }

  function end(turn, status, more) {
    stopTimer = clearTimeout(stopTimer);
    heard(turn);
    Object.assign(turn, more, { status });
    if (turn.follows && !turn.isBegun) drop(turn);
    else on.ended(turn);
    save();
    next();
  }

  /** An answer under way is stopped: nobody reads it. `restore` undoes all but the stop; then `next` asks on. */
  function clear() {
    const turn = current();
    before = turns.splice(0);
    save();
    if (!turn) return;
    sendStop(turn.id);
    end(turn, "stopped");
  }

  function restore() {
    turns.splice(0, turns.length, ...before);
    save();
  }

  // Frames. What belongs to a turn that is over is ignored.

  /** A mock gives a reason where it stands in for the assistant. */
  function label(turn, { source, reason }) {
    if (source === "mock" && reason) turn.isStandIn = true;
  }

  function add(turn, { offset = 0, content, replace = false, replacements, ...frame }) {
    label(turn, frame);
    turn.wordAfter ??= Date.now() - turn.askedAt;
    const made = replace && turn.made?.filter(({ link }) => !link);
    if (replace) Object.assign(turn, { text: "", count: 0, replacements, made });
    const news = unseen(turn.count, offset, content);
    turn.text += news;
    turn.count += countCodePoints(news);
    saveSoon();
    on.text(turn, replace);
  }

  function addFile(turn, file) {
    const made = withFile(turn.made, file);
    if (made === turn.made) return;
    turn.made = made;
    saveSoon();
    on.file(turn);
  }

  function finish(turn, frame) {
    const { type, id, role, status, content, files, ...more } = frame;
    if (status === "done") label(turn, frame);
    if (content !== turn.text) add(turn, { content, replace: true });
    for (const file of files ?? []) addFile(turn, file);
    end(turn, status, more);
  }

  function fail(turn, failure) {
    if (failure.reason === "unknown_turn") unknown(turn);
    else if (failure.reason === "turn_unreachable") seek(turn, failure.retry_after ?? 0);
    else end(turn, "failed", { failure });
  }

  /** It never arrived, or the service forgot it: it is asked once more if no word was lost. */
  function unknown(turn) {
    if (stopTimer) return end(turn, "stopped");
    if (turn.text || turn.again || !send(frameOf(Object.assign(turn, { again: true })))) return lose(turn);
    turn.askedAt = Date.now();
  }

  /** After `least` milliseconds and some more, longer each time. */
  function seek(turn, least) {
    const lasted = Date.now() - (turn.soughtAt ??= Date.now());
    if (lasted > LONGEST_SEARCH_MS) return lose(turn);
    clearTimeout(searchTimer);
    searchTimer = setTimeout(() => send(resume()), least + Math.random() * Math.min(5_000, 500 + lasted));
    on.text(turn, false);
  }

  function heard(turn) {
    clearTimeout(searchTimer);
    if (turn.soughtAt) on.text(Object.assign(turn, { soughtAt: undefined }), false);
  }

  const lose = (turn) => end(turn, "incomplete", { lost: true });

  const RECEIVERS = { chat_delta: add, chat: finish, error: fail, chat_file: addFile };
  Object.assign(RECEIVERS, { chat_event: on.event, chat_audio: on.audio });

  function receive(frame) {
    const turn = current();
    if (frame.type === "chat") stopping.delete(frame.id);
    if (turn && turn.id === frame.id) {
      if (frame.type !== "error") heard(turn);
      if (turn.follows && !turn.isBegun && isNews(turn, frame)) begin(turn);
      RECEIVERS[frame.type]?.(turn, frame);
    } else if (frame.type === "chat") learnConversation(frame);
  }

  /** What was stopped for a new conversation says only now which one it was of. */
  function learnConversation({ id, conversation_id }) {
    const turn = before.find((other) => other.id === id);
    if (turn) turn.conversation_id ??= conversation_id;
  }

  function connectionIs(name) {
    clearTimeout(searchTimer); // each connection resumes
    if (name === "open") for (const id of stopping) if (sendStop(id) && id !== current()?.id) stopping.delete(id);
    if (name === "open") next();
    if (name === "ended" && current()) lose(current());
  }

  return {
    ...{ turns, ask, goOn, stop, takeBack, clear, restore, next, receive, connectionIs, save, saveSoon, resume },
    isAnswering: () => Boolean(current()),
    find: (id) => turns.find((turn) => turn.id === id),
  };
}
