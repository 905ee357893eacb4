/**
 * Wires the parts to the page. What the page and the voice promise each other: once it is known what the app is, or
 * that it cannot be known, `mountVoice(page)` of voice/voice.js is called, with:
 *   app       what GET /api/app says, or {}
 *   slot      an empty element in the composer's row, before the Send button
 *   composer  fill(text) puts text in place of what is in the field; text(); submit(); focus()
 *   turns     ask(text) asks at once, or after the answer under way, and returns the turn's id, null where it cannot be
 *             taken; cancel(id) takes back or stops that turn; textOf(id), an answer's Markdown; choices(), the titles
 *             between which the latest answer waits for a person to decide; choose(at) does so, and returns the id of
 *             the turn that follows, null where something is to be filled in first; wantsAudio(), to be set
 *   api       as made by api.js; send(frame)  to the service, says whether it was written
 * On `document` the page dispatches turn:added {id, question}, turn:started {id}, turn:text {id, text, replaced} (`text`
 * as shown so far; `replaced`: what came before was withdrawn), turn:ended, a turn of turn-queue.js with the text as
 * shown; turn:audio, a frame of what the app says by itself, of a turn that has `audio`; answer:rated, a turn; conversation:new;
 * connection:changed, a state of connection.js. Each answer is `article.answer[data-id]`, from before turn:started on,
 * with an empty `.voice` among its buttons.
 */

import { wordsOf } from "./answer.js";
import { createApi } from "./api.js";
import { createClient } from "./client.js";
import * as field from "./composer.js";
import { dress, loadStyle } from "./elements.js";
import { allow } from "./files.js";
import { createFeedback } from "./feedback.js";
import { randomId } from "./frames.js";
import { askToClose, greeted } from "./iframe-messages.js";
import { withErrorBoundary } from "./error-boundary.js";
import { showName, showState } from "./header.js";
import { clear, say, sayAll } from "./i18n.js";
import { load, save, turnStore } from "./storage.js";
import { createPauses } from "./paused-answers.js";
import { createSignIn } from "./sign-in.js";
import { showSnackbar } from "./snackbar.js";
import * as drawing from "./transcript.js";
import { forgetPreviews } from "./uploads.js";
import * as welcome from "./welcome.js";

const UNDO_MS = 10_000;
const byId = (id) => document.getElementById(id);
const [progress, startOver] = ["progress", "new"].map(byId);
const token = load("token", randomId());
let app = { speech: { engine: document.documentElement.dataset.speech } }; // more, where it can be known
let isOpen = false;
let meeting; // until it is known what the app is
let forget = () => {}; // the conversation before this one

save("token", token);
sayAll();
for (const name of ["attach", "below"]) dress(byId(name), name, name);

// The parts. What they draw may fail, and the conversation goes on.

const [transcript, composer] = [drawing, field].map(withErrorBoundary);
const access = createSignIn({ authenticate: (each) => connection.authenticate(each), newConversation });
const { queue, connection, ...client } = createClient({
  ...{ url: location, token, access, store: turnStore },
  wantsAudio: () => turns.wantsAudio(),
  on: {
    ...{ added, started, text: grown, ended },
    event: (turn, frame) => transcript.answerOf(turn).showStep(frame),
    audio: (turn, frame) => turn.isStandIn || announce("turn:audio", frame),
    file: (turn) => transcript.answerOf(turn).grow(true),
    dropped: (...all) => pauses.dropped(...all),
    ...{ state: connectionChanged, notice: (frame) => transcript.notice(frame) },
  },
});
const api = createApi(client.token, access);
const pauses = createPauses({ queue, transcript, after: acted, onDropped });
const { rate, suggestAfter } = createFeedback({ api, queue, transcript, onRated });
const actions = { ...pauses, ask, rate, upload: api.upload, typed: queue.saveSoon };

// Questions and answers

function ask(question, attached) {
  if (!welcome.isComplete()) return null;
  const id = queue.ask(question, attached, welcome.inputs());
  if (id) forget();
  acted();
  return id;
}

/** A person did something; the button that was pressed may be gone. */
function acted() {
  update();
  const { activeElement, body } = document;
  if (activeElement !== body && activeElement.getClientRects().length) return;
  if (!composer.focusByKeyboard()) byId("log").focus({ preventScroll: true });
}

/** Says whether there was something to stop. */
function stop() {
  const turn = queue.stop();
  if (turn?.status === "waiting") takenBack(turn);
  return Boolean(turn);
}

/** Without a word about it: who cancels goes on by itself. */
function cancel(id) {
  const turn = queue.find(id);
  if (turn?.status === "asked") queue.stop();
  if (turn?.status !== "waiting") return;
  transcript.remove(queue.takeBack(turn));
  update();
}

/** It can be written anew. */
function takenBack(turn) {
  transcript.remove(turn);
  update();
  if (!composer.text()) composer.fill(turn.question);
  composer.focus();
}

function added(turn) {
  if (turn.follows) return;
  welcome.show(false);
  transcript.question(turn, () => takenBack(queue.takeBack(turn)));
  announce("turn:added", { id: turn.id, question: turn.question });
}

function started(turn) {
  transcript.answer(turn, actions);
  pauses.started(turn);
  say(progress, "answering");
  update();
  announce("turn:started", { id: turn.id, audio: turn.audio });
}

function grown(turn, replaced) {
  transcript.answerOf(turn).grow(replaced);
  say(progress, turn.soughtAt ? "seeking" : "answering");
  announce("turn:text", { id: turn.id, text: wordsOf(turn), replaced });
}

function ended(turn) {
  const answer = transcript.answerOf(turn);
  answer.finish();
  clear(progress); // not said anew in another language
  progress.textContent = answer.announcement();
  update();
  if (turn.failure?.field) welcome.refuse(turn.failure.field);
  announce("turn:ended", { ...turn, text: wordsOf(turn) });
  if (turn.status === "done" && turn.message_id && app.suggested_questions_after_answer) suggestAfter(turn, ask);
}

/** Nothing followed a pause. */
function onDropped(turn) {
  clear(progress);
  update();
  announce("turn:ended", { ...turn, text: "" });
}

/** As shown: for the voice. */
const textOf = (id) => (queue.find(id) ? wordsOf(queue.find(id)) : "");
const turns = { ...pauses, ask, cancel, textOf, wantsAudio: () => false };

function onRated(turn) {
  if (turn.rating) say(progress, "rated");
  announce("answer:rated", turn);
}

const announce = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** For good where it `isFinal`: then the service, too, forgets what was said. */
function newConversation({ isFinal } = {}) {
  announce("conversation:new");
  queue.clear();
  forgetPreviews();
  const before = { draft: composer.empty(), inputs: load("inputs", {}), nodes: transcript.empty() };
  greet({});
  clear(progress);
  update();
  if (document.hasFocus()) composer.focus();
  forget();
  if (isFinal) save("token", client.forget());
  else forget = showSnackbar("begun", "undo", () => undo(before), UNDO_MS);
}

/** With these values in what the app wants to know. */
function greet(inputs) {
  save("inputs", inputs);
  welcome.greet(app, ask, api.upload);
  welcome.show(!queue.turns.length);
}

/** In the conversation after that, nothing was asked yet. */
function undo({ draft, inputs, nodes }) {
  queue.restore();
  transcript.putBack(nodes);
  greet(inputs);
  sayAll(); // the language may be another one
  composer.putBack(draft);
  queue.next();
  acted();
}

/** To be called when an answer begins or ends, or the connection does. */
function update() {
  const key = isOpen ? "waiting.turn" : "waiting.connection";
  for (const turn of queue.turns) if (turn.status === "waiting") transcript.waits(turn, key);
  startOver.disabled = !queue.turns.length && !("kiosk" in document.documentElement.dataset);
  composer.update();
}

// The connection

function connectionChanged(state) {
  isOpen = state.name === "open";
  showState(state, reconnect);
  composer.allow(state.name !== "ended");
  update();
  announce("connection:changed", state);
  if (isOpen) meeting ??= meetApp();
}

function reconnect() {
  connection.reconnect();
  acted();
}

// The page

/** What was said before a reload. */
function restore() {
  transcript.restore(queue.turns, (turn) => {
    added(turn);
    if (turn.follows ? turn.isBegun : turn.status !== "waiting") transcript.answer(turn, actions);
  });
  pauses.lookAtAll();
  update();
}

/** A browser that cannot read the parts that come later can still chat. One by one: WebKit trips over two at once. */
async function meetApp() {
  app = await api.app().catch(() => app);
  showName(app.name);
  welcome.greet(app, ask, api.upload);
  allow(app.upload, api.upload);
  const page = { queue, composer, api, ask, newConversation };
  greeted.then(async (site) => (await import("./site-commands.js")).mountSiteApi(site, page)).catch(() => {});
  const extras = await import("./extras/extras.js").catch(() => null);
  withErrorBoundary({ ...extras }).mountExtras?.(page);
  const [voice] = await Promise.all([import("./voice/voice.js").catch(() => null), loadStyle("voice")]);
  voice?.mountVoice({ app, slot: byId("voice"), composer, turns, api, send: connection.send });
}

startOver.onclick = newConversation;
addEventListener("pagehide", queue.save);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !composer.isComposing(event) && !stop()) askToClose();
});
// In a frame, the field gets the focus when the frame does.
addEventListener("focus", () => document.activeElement === document.body && composer.focusByKeyboard());

composer.begin({ ask, stop, isAnswering: queue.isAnswering });
restore();
if (document.hasFocus()) composer.focusByKeyboard();
if (!access) meeting = meetApp();
document.documentElement.dataset.stage &&= "ready"; // boot.js waits for it
