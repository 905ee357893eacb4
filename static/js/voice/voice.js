// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { isDebug } from "../answer.js";
import { button, dress, element, iconButton } from "../elements.js";
import { onClosed } from "../iframe-messages.js";
import { withErrorBoundary } from "../error-boundary.js";
import { clear, language, learn, say, t } from "../i18n.js";
import { createCall } from "./call.js";
import { createCallSounds } from "./call-sounds.js";
import { createCallView, showLatencies } from "./call-view.js";
import { createAppSpeech } from "./app-speech.js";
import { createDictation } from "./dictation.js";
import { createSpeechInput, hasSpeechInput } from "./speech-input.js";
import { joined } from "./phrases.js";
import { answerToRepeat, createPlayback } from "./playback.js";
import { createReadAloud } from "./read-aloud.js";
import { change, isOwnWanted, openSettings, settings } from "./settings.js";
import { onVoices, synthesis, voicesFor } from "./synthesis.js";
import { createTranscriber } from "./transcriber.js";
import { createTranscriptionStatus } from "./transcription-status.js";
import { words } from "./translations.js";

learn(words);

/** What it is given is described at the top of chat.js. */
export function mountVoice({ app, slot, composer, turns, api, send }) {
  const state = element("p", "note voice-state");
  const { engine = "auto" } = app.speech ?? {};
  const [hasBrowsers, hasApps] = ["browser", "dify"].map((one) => [one, "auto"].includes(engine));
  const appSpeech = hasApps && app.text_to_speech && globalThis.AudioContext ? createAppSpeech(api) : null;
  const speakers = new Map([appSpeech, synthesis].map((engine) => [engine, engine && audible(engine)]));
  const transcriber = createTranscriber({ api, onChange: writingChanged });
  const statuses = [0, 1].map(() => createTranscriptionStatus(transcriber)); // on the page, and in a call
  const dictation = hasSpeechInput(app) ? createDictation({ app, transcriber, composer, show, beforeStart: hush }) : null;
  const aloud = Object.assign(iconButton("silent", "aloud", switchAloud), { id: "aloud" });
  const playback = createPlayback({ pause: () => readAloud[readAloud.isPaused() ? "resume" : "pause"](), repeat });
  let readAloud, notices, call;
  let sounding = null; // an object of its own for each sound
  let stream = null; // what the app says by itself of the latest answer, if it does
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
    if (status.why) call?.unwritten(status.why);
  }

  function mountSpeaking() {
    const told = { onSaying: (text) => call?.saying(text, true), onChange: showListenButtons, onDone: done };
    const unsafe = createReadAloud({ engines, ...told });
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
    notices = withErrorBoundary(createReadAloud({ engines, ...told }));
    const each = (act) => () => [appSpeech, synthesis].forEach((engine) => engine?.[act]());
    const voice = { say: notify, stop: hush, pause: each("pause"), resume: each("resume") };
    const view = (...all) => createCallView(...all, playback.large);
    const parts = { createSpeechInput, createCallView: view, createCallSounds };
    call = createCall({ app, transcriber, turns, voice, keep, report, status: statuses[1].node }, parts);
    on("turn:added", call.turn.added);
    state.before(button("call", startCall, "start-call", "phone"));
  }

  const voices = () => (hasBrowsers ? voicesFor(language()) : []);

  /** What the app says by itself is asked for where it will be heard, as long as it works. */
  function wantsAudio() {
    const isHeard = isCalling() || settings.isAloud;
    return Boolean(isHeard && app.speaks_by_itself && engines()[0]?.createStream && !stream?.hasFailed);
  }

  /** The speech engines, the one that is wanted first. */
  function engines() {
    const browsers = hasBrowsers && (!appSpeech || voices().length) && synthesis;
    const wanted = isOwnWanted() ? [browsers, appSpeech] : [appSpeech, browsers];
    return wanted.filter(Boolean).map((engine) => speakers.get(engine));
  }

  /** The same engine; a call is told when there is sound. */
  function audible(engine) {
    async function play(clip) {
      const own = (sounding = {});
      call?.sounds(true);
      await engine.play(clip).finally(() => own === sounding && call?.sounds(false));
    }
    function cancel() {
      sounding = null;
      engine.cancel();
    }
    return { ...engine, play, cancel };
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

  function unlock() {
    if (hasBrowsers) synthesis.unlock();
    appSpeech?.unlock();
  }

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
    openSettings({ voices: voices(), hasAppVoice: Boolean(appSpeech), hasCalls: Boolean(call), tryIt });
  }

  const toggle = (dataset) => (dataset.id === readAloud.reading() ? readAloud.stop() : readAnswer(dataset));

  const readAnswer = ({ id, state: progress }) =>
    read(id, turns.textOf(id), progress === "streaming" ? readAloud.follow : readAloud.end);

  /** In a call that listens, the words are no answer to what is asked next. */
  function repeat() {
    const dataset = answerToRepeat(readAloud.reading());
    if (isCalling() && !readAloud.reading()) notify(turns.textOf(dataset.id));
    else readAnswer(dataset);
  }

  function read(id, text, take = readAloud.end) {
    unlock();
    dictation?.leave();
    readAloud.begin(id);
    take({ id, text });
  }

  // What is to be seen

  function showAloud() {
    dress(aloud, settings.isAloud ? "speaker" : "silent", "aloud").setAttribute("aria-pressed", settings.isAloud);
  }

  /** Each answer has a button that tells whether it is being read. */
  function showListenButtons() {
    playback.show(readAloud.reading() !== null, readAloud.isPaused());
    for (const place of document.querySelectorAll(".answer .voice")) {
      const { dataset } = place.closest(".answer");
      const isRead = dataset.id === readAloud.reading();
      if (!place.firstChild) place.append(iconButton("speaker", "listen", () => toggle(dataset)));
      place.firstChild.dataset.reading = isRead;
      dress(place.firstChild, isRead ? "stop" : "speaker", isRead ? "listen.stop" : "listen");
    }
  }

  // What happens

  function started(turn) {
    const isCalls = call?.turn.started(turn);
    if (turn.audio) stream = appSpeech.createStream();
    if (isCalling() ? isCalls : settings.isAloud) readAloud.begin(turn.id, turn.audio && stream);
    showListenButtons();
  }

  function followed(turn) {
    call?.turn.text(turn);
    readAloud.follow(turn);
  }

  function ended(turn) {
    call?.turn.ended(turn);
    const isStopped = turn.status === "stopped";
    if (turn.isStandIn || turn.status !== "done") stream = null; // that it says nothing is not its fault
    if ((isStopped || !readAloud.end(turn)) && readAloud.reading() === turn.id) readAloud.stop();
    if (readAloud.reading() !== turn.id) call?.turn.read(turn.id, !isStopped);
  }

  function done(id, hasFailed) {
    if (hasFailed) show("unspoken");
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
  }

  slot.closest(".field").after(element("div", "voice-bar", state, document.getElementById("hint")));
  if (engine === "off") return;
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
  else if (hasBrowsers) onVoices(() => readAloud || mountSpeaking());
}
