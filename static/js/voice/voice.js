// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { isDebug } from "../answer.js";
import { button, dress, element, iconButton } from "../elements.js";
import { onClosed } from "../iframe-messages.js";
import { withErrorBoundary } from "../error-boundary.js";
import { clear, learn, say, t } from "../i18n.js";
import { createBackOff } from "./back-off.js";
import { createCall } from "./call.js";
import { createCallSounds } from "./call-sounds.js";
import { createCallView, showLatencies } from "./call-view.js";
import { createDictation } from "./dictation.js";
import { createEngines } from "./engines.js";
import { createSpeechInput, hasSpeechInput } from "./speech-input.js";
import { joined } from "./phrases.js";
import { answerToRepeat, createPlayback } from "./playback.js";
import { createReadAloud } from "./read-aloud.js";
import { change, openSettings, settings } from "./settings.js";
import { onVoices } from "./synthesis.js";
import { createTranscriber } from "./transcriber.js";
import { createTranscriptionStatus } from "./transcription-status.js";
import { words } from "./translations.js";

learn(words);

/** What it is given is described at the top of chat.js. */
export function mountVoice({ app, slot, composer, turns, api, send }) {
  const state = element("p", "note voice-state");
  const engines = createEngines({ app, api, onSound: (isOn) => call?.sounds(isOn) });
  const { appSpeech, unlock } = engines;
  const onRefused = () => call?.unwritten(["voice.unclear"]);
  const transcriber = createTranscriber({ api, onChange: writingChanged, onRefused });
  const statuses = [0, 1].map(() => createTranscriptionStatus(transcriber)); // on the page, and in a call
  const dictation = hasSpeechInput(app) ? createDictation({ app, transcriber, composer, show, beforeStart: hush }) : null;
  const aloud = Object.assign(iconButton("silent", "aloud", switchAloud), { id: "aloud" });
  const sounds = createCallSounds(() => true);
  const playback = createPlayback({ pause: () => readAloud[readAloud.isPaused() ? "resume" : "pause"](), repeat });
  let readAloud, notices, call;
  let streamed = {}; // {id, stream} of the answer that the app said last by itself
  const backOff = createBackOff(); // from what it says by itself
  let latest = null; // the id of what was read last
  state.setAttribute("role", "status");
  const isCalling = () => call?.isLive();
  const on = (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail));

  /** Shows what there is to know at the moment, by its name. */
  function show(why) {
    if (why) say(state, `voice.${why}`);
    else clear(state);
  }

  function writingChanged(status) {
    for (const each of statuses) each.show(status);
    if (status.why && status.isNew) call?.unwritten(status.why);
  }

  function mountSpeaking() {
    const told = { onSaying: (text) => call?.saying(text, true), onChange: showListenButtons, onDone: done };
    const unsafe = createReadAloud({ engines: engines.inOrder, ...told });
    readAloud = withErrorBoundary({ ...unsafe, end: (turn) => unsafe.end(turn) ?? true }); // undefined where it throws
    if (dictation) mountCalls();
    state.before(aloud, iconButton("sliders", "voice.settings", chooseVoice), ...playback.small);
    showAloud();
    showListenButtons();
    on("turn:started", started);
    on("turn:text", followed);
    on("turn:audio", (frame) => readAloud.hear(frame));
    on("turn:ended", ended);
    on("voice:changed", () => isCalling() || readAloud.reading() || read("sample", t("voice.sample")));
    if (!settings.isAloud) return;
    for (const type of ["click", "keydown"]) document.addEventListener(type, unlock, { once: true, capture: true });
  }

  function mountCalls() {
    const told = { onSaying: (text) => call.saying(text, false), onChange() {}, onDone() {} };
    notices = withErrorBoundary(createReadAloud({ engines: engines.inOrder, ...told }));
    const voice = { say: notify, stop: hush, pause: engines.pause, resume: engines.resume };
    const view = (...all) => createCallView(...all, playback.large);
    const parts = { createSpeechInput, createCallView: view, createCallSounds };
    call = createCall({ app, transcriber, turns, voice, keep, report, status: statuses[1].node }, parts);
    on("turn:added", call.turn.added);
    state.before(button("call", startCall, "start-call", "phone"));
  }

  /** What the app says by itself is asked for where it will be heard, unless it has just failed. */
  function wantsAudio() {
    const isHeard = isCalling() || settings.isAloud;
    if (streamed.stream?.hasFailed) {
      backOff.failed();
      streamed = {};
    }
    return Boolean(isHeard && app.speaks_by_itself && engines.inOrder()[0]?.createStream && !backOff.isOn());
  }

  function notify(text) {
    notices.begin("notice");
    notices.end({ id: "notice", text });
  }

  function hush() {
    readAloud?.stop();
    notices?.stop();
  }

  /** How long a turn of a call took. */
  function report(id, latencies) {
    send({ type: "voice_latency", id, ...latencies });
    if (isDebug) showLatencies(id, latencies);
  }

  /** What was said and cannot be asked now can be sent by hand. */
  function keep(text) {
    if (text) composer.fill(joined(composer.text(), text));
  }

  // What a tap does. Browsers let sound out only after one.

  function startCall() {
    unlock();
    dictation.leave();
    call.start();
  }

  function switchAloud() {
    unlock();
    change({ isAloud: !settings.isAloud });
    if (!settings.isAloud) hush();
    showAloud();
  }

  function chooseVoice() {
    const tryIt = () => read("sample", t("voice.sample"));
    openSettings({ voices: engines.voices(), hasAppVoice: Boolean(appSpeech), hasCalls: Boolean(call), tryIt });
  }

  const toggle = (dataset) => (dataset.id === readAloud.reading() ? readAloud.stop() : readAnswer(dataset));

  const readAnswer = ({ id, state: progress }) =>
    read(id, turns.textOf(id), progress === "streaming" ? readAloud.follow : readAloud.end);

  function repeat() {
    const dataset = answerToRepeat(readAloud.reading());
    call?.repeat(dataset.id);
    readAnswer(dataset);
  }

  function read(id, text, take = readAloud.end) {
    unlock();
    dictation?.leave();
    begin(id, id === streamed.id ? streamed.stream.again() : null);
    take({ id, text });
  }

  function begin(id, own) {
    if (id !== latest) appSpeech?.forget();
    latest = id;
    readAloud.begin(id, own);
  }

  // What is to be seen

  function showAloud() {
    dress(aloud, settings.isAloud ? "speaker" : "silent", "aloud").setAttribute("aria-pressed", settings.isAloud);
  }

  /** Each answer has a button that tells whether it is being read. */
  function showListenButtons() {
    playback.show(readAloud.reading() !== null, readAloud.isPaused());
    call?.paused(readAloud.isPaused());
    for (const place of document.querySelectorAll(".answer .voice")) {
      const { dataset } = place.closest(".answer");
      const isRead = dataset.id === readAloud.reading();
      if (!place.firstChild) place.append(iconButton("speaker", "listen", () => toggle(dataset)));
      Object.assign(place.firstChild.dataset, { reading: isRead, paused: isRead && readAloud.isPaused() });
      dress(place.firstChild, isRead ? "stop" : "speaker", isRead ? "listen.stop" : "listen");
    }
  }

  // What happens

  function started(turn) {
    const isCalls = call?.turn.started(turn);
    if (turn.audio) streamed = { id: turn.id, stream: appSpeech.createStream() };
    if (isCalling() ? isCalls : settings.isAloud) begin(turn.id, turn.audio ? streamed.stream : null);
    showListenButtons();
  }

  function followed(turn) {
    call?.turn.text(turn);
    readAloud.follow(turn);
  }

  function ended(turn) {
    call?.turn.ended(turn);
    const isStopped = turn.status === "stopped";
    if (turn.isStandIn || turn.status !== "done") streamed = {}; // that it says nothing is not its fault
    if ((isStopped || !readAloud.end(turn)) && readAloud.reading() === turn.id) readAloud.stop();
    if (readAloud.reading() !== turn.id) call?.turn.read(turn.id, !isStopped);
  }

  function done(id, hasFailed) {
    if (hasFailed) show("unspoken");
    if (hasFailed && !isCalling()) sounds.failed();
    call?.turn.read(id, hasFailed);
  }

  function connectionChanged({ name, code }) {
    if (name === "open") transcriber.tryAgain();
    else transcriber.pause();
    call?.connectionIs(name, [`ended.${code === 4500 ? code : "other"}`]);
  }

  /** Nobody is there any more to hear or to be heard. */
  function leave() {
    call?.leave();
    dictation?.leave();
    hush();
  }

  /** Nothing that was said before is for whoever comes next. */
  function forget() {
    leave();
    transcriber.discard();
    appSpeech?.forget();
    streamed = {};
  }

  slot.closest(".field").after(element("div", "voice-bar", state, document.getElementById("hint")));
  if (app.speech?.engine === "off") return;
  if (dictation) {
    slot.append(dictation.button);
    state.after(statuses[0].node);
    on("turn:added", () => queueMicrotask(dictation.sent)); // the field is emptied right after
  }
  on("connection:changed", connectionChanged);
  on("conversation:new", forget);
  addEventListener("online", transcriber.tryAgain);
  addEventListener("pagehide", leave);
  onClosed(leave);
  turns.wantsAudio = wantsAudio;
  if (appSpeech) mountSpeaking();
  else if (engines.hasBrowsers) onVoices(() => readAloud || mountSpeaking());
}
