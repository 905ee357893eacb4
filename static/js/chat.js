// Wires the parts to the page.

/**
 * What the page and the voice promise each other. chat.js calls `mountVoice(page)` of ./voice/voice.js once, when it knows
 * the app (or knows that it cannot know it: then `app` has no feature). It may return nothing.
 *
 * @typedef {object} Page
 * @property {object} app          what GET /api/app says: {name, mode, speech_to_text, text_to_speech, speaks_by_itself, …}
 * @property {HTMLElement} slot    an empty <div id="voice"> in the composer's row, between the field and the Send button
 * @property {object} composer     `fill(text)` puts text into the field, in place of what is there; `text()` is what is there;
 *                                 `submit()` asks it; `focus()`
 * @property {object} asker        `ask(text)` asks at once, or after the answer under way, and returns the turn's id, null
 *                                 where it cannot be taken; `stop()` ends the answer under way; `isAnswering()`
 * @property {object} api          `fetch(path, options)`: the Response of a request with the connection's token, whatever
 *                                 its status; `call(path, options)`: `data` of the envelope, or an error with `code`,
 *                                 `reason` and `message` (in the person's language)
 * @property {() => string} language  "en" or "zh-CN", now
 * @property {(key: string, values?: object) => string} t  the page's own words; the voice has its own in voice/words.js
 *
 * On `document` the page dispatches CustomEvents, `detail` as named:
 *   turn:started {id}                        a question was sent
 *   turn:text    {id, text, replaced}        the whole answer so far; `replaced`: what came before was withdrawn
 *   turn:ended   {id, status, text}          status: done, stopped, incomplete or failed
 *   language     {lang}                      the person switched the language
 * Each answer on the page is `article.answer[data-id]` (the turn's id) with an empty `<span class="voice">` among its buttons,
 * which is there when `turn:started` is dispatched.
 * Answers of before a reload are on the page when mountVoice is called; `asker.textOf(id)` is the Markdown of one.
 * Buttons look like the page's own with class "icon" (44 px, an <svg>, aria-label and title) or without (words).
 */

import { connect, socketUrl } from "./connection.js";
import { createTranscript } from "./transcript.js";

const STOP_PATIENCE_MS = 5_000;

const WORDS = {
  open: "Connected",
  waiting: "Reconnecting…",
  offline: "Offline",
  ended: "Disconnected",
  mock: "mock answer",
  stopped: "stopped",
  incomplete: "broken off",
  lost: "broken off: the connection was lost",
  failed: "The answer failed.",
  reload: "Reload this page to connect again.",
};
const PROGRESS = {
  streaming: "Answering…",
  done: "Answer finished.",
  stopped: "Answer stopped.",
  incomplete: "Answer broken off.",
  failed: "Answer failed.",
};

const byId = (id) => document.getElementById(id);
const composer = byId("composer");
const field = byId("question");
const send = byId("send");
const stateLine = byId("state");
const progress = byId("progress");
const transcript = createTranscript(byId("log"));

/** {id, text, question, answer?, sentAt?, wordAfter?, stopTimer?}; times in milliseconds. No answer: not yet sent. */
let turn = null;
let conversationId;
let hasEnded = false;

/** 128 random bits; crypto.randomUUID is missing on plain-http intranets. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The turn

/** Says whether the question is taken. */
function ask(text) {
  if (turn || hasEnded || !text) return false;
  turn = { id: randomId(), text, question: transcript.question(text) };
  updateButton();
  sendQuestion();
  return true;
}

function sendQuestion() {
  if (!turn || turn.answer) return;
  const frame = { type: "chat", id: turn.id, content: turn.text, stream: true, conversation_id: conversationId };
  if (!connection.send(frame)) return;
  turn.question.sent();
  turn.answer = transcript.answer();
  turn.sentAt = performance.now();
  progress.textContent = PROGRESS.streaming;
}

function stop() {
  if (!turn) return;
  if (!turn.answer) return withdraw();
  if (turn.stopTimer) return;
  connection.send({ type: "stop", id: turn.id });
  // A service that never confirms must not lock the page.
  turn.stopTimer = setTimeout(() => settle("stopped", WORDS.stopped), STOP_PATIENCE_MS);
}

/** Takes back a question that was never sent. */
function withdraw() {
  turn.question.remove();
  field.value ||= turn.text;
  turn = null;
  fitField();
  updateButton();
  field.focus();
}

function settle(state, note, details = "") {
  const { answer, text, stopTimer } = turn;
  clearTimeout(stopTimer);
  const again = () => ask(text) && send.focus();
  answer.finish(state, note, details, state === "incomplete" || state === "failed" ? again : null);
  progress.textContent = PROGRESS[state];
  turn = null;
  updateButton();
}

function details({ content, usage }) {
  const wordAfter = turn.wordAfter ?? (content ? sinceSent() : null);
  const parts = [
    wordAfter !== null && `First word after ${(wordAfter / 1000).toFixed(1)} s`,
    usage?.total_tokens > 0 && `${usage.total_tokens} tokens`,
  ];
  return parts.filter(Boolean).join(" · ");
}

const sinceSent = () => performance.now() - turn.sentAt;

// Frames. What belongs to a turn that is over is ignored.

const isOurs = ({ id }) => Boolean(turn?.answer) && (id ?? turn.id) === turn.id;

const RECEIVERS = {
  chat_delta(frame) {
    if (!isOurs(frame)) return;
    turn.wordAfter ??= sinceSent();
    if (frame.replace) turn.answer.replace(frame.content);
    else turn.answer.append(frame.offset, frame.content);
  },
  chat(frame) {
    if (!isOurs(frame)) return;
    const { status = "done", source, content } = frame;
    if (typeof content === "string") turn.answer.replace(content);
    conversationId = frame.conversation_id ?? conversationId;
    const notes = [source === "mock" && WORDS.mock, WORDS[status]];
    settle(status, notes.filter(Boolean).join(" · "), details(frame));
  },
  error(frame) {
    if (!frame.id) transcript.notice(frame.content);
    else if (isOurs(frame)) settle("failed", frame.content || WORDS.failed);
  },
};

function receive(frame) {
  RECEIVERS[frame.type]?.(frame);
}

// The connection

/** While connecting, the last words hold (at first the template's): nobody wants to hear each try. */
function showState({ name, reason }) {
  if (name === "connecting") return;
  const words = reason ? `${WORDS[name]}: ${reason}` : WORDS[name];
  stateLine.dataset.state = name;
  if (stateLine.textContent !== words) stateLine.textContent = words;
}

function changeState(state) {
  showState(state);
  hasEnded = state.name === "ended";
  if (state.name === "open") return sendQuestion();
  if (turn?.answer) settle("incomplete", WORDS.lost);
  if (!hasEnded) return;
  if (turn) withdraw();
  updateButton();
  transcript.notice(WORDS.reload);
}

// The composer

function updateButton() {
  send.textContent = turn ? "Stop" : "Send";
  send.dataset.action = turn ? "stop" : "send";
  send.disabled = hasEnded;
}

function fitField() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

function askFromField() {
  if (!ask(field.value.trim())) return;
  field.value = "";
  fitField();
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (turn) stop();
  else askFromField();
  if (matchMedia("(pointer: fine)").matches) field.focus(); // a touch keyboard would cover the answer
});

send.addEventListener("click", (event) => {
  if (turn && event.detail > 1) event.preventDefault(); // a double click on Send must not stop
});

field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  if (event.isComposing || event.keyCode === 229) return; // Enter chooses a word from the input method
  event.preventDefault();
  askFromField();
});

field.addEventListener("input", fitField);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) stop();
});

const connection = connect({
  url: socketUrl(location, randomId()),
  onState: changeState,
  onFrame: receive,
});
