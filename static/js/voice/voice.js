// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { button, dress, element, iconButton } from "../elements.js";
import { onClosed } from "../frame.js";
import { guarded } from "../guarded.js";
import { clear, language, say, t } from "../i18n.js";
import { createCalling } from "./calling.js";
import { createClips } from "./clips.js";
import { createDictation } from "./dictation.js";
import { canListen } from "./listen.js";
import { joined } from "./phrases.js";
import { createReader } from "./reader.js";
import { change, isOwnWanted, openSettings, settings } from "./settings.js";
import { onVoices, synthesis, voicesFor } from "./synthesis.js";
import { createTranscriber } from "./transcriber.js";
import { createWritingLine } from "./writing-line.js";

/** What it is given is described at the top of chat.js. */
export function mountVoice({ app, slot, composer, asker, api }) {
  const state = element("p", "note voice-state");
  const difys = app.text_to_speech && globalThis.AudioContext ? createClips(api) : null;
  const transcriber = createTranscriber({ api, onChange: writingChanged });
  const lines = [createWritingLine(transcriber), createWritingLine(transcriber)]; // on the page, and in a call
  const dictation = canListen(app) ? createDictation({ app, transcriber, composer, tell, beforeStart: hush }) : null;
  const aloud = iconButton("silent", "aloud", switchAloud);
  let reader, notices, calling;
  let sounding = null; // an object of its own for each sound
  state.setAttribute("role", "status");

  const isCalling = () => calling?.isLive();
  const on = (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail));

  /** Shows what there is to know at the moment, by its name. */
  function tell(why) {
    if (why) say(state, `voice.${why}`);
    else clear(state);
  }

  function writingChanged(status) {
    for (const line of lines) line.show(status);
    if (status.why) calling?.unwritten(status.why);
  }

  function mountSpeaking() {
    const onSaying = (text) => calling?.saying(text, true);
    const unsafe = createReader({ ways, onSaying, onChange: showListenButtons, onDone: done });
    reader = guarded({ ...unsafe, end: (turn) => unsafe.end(turn) ?? true }); // undefined where it throws
    if (dictation) mountCalls();
    state.before(aloud, iconButton("sliders", "voice.settings", chooseVoice));
    showAloud();
    showListenButtons();
    on("turn:started", started);
    on("turn:text", followed);
    on("turn:ended", ended);
    if (!settings.isAloud) return;
    for (const type of ["click", "keydown"]) document.addEventListener(type, unlock, { once: true, capture: true });
  }

  function mountCalls() {
    const onSaying = (text) => calling.saying(text, false);
    notices = guarded(createReader({ ways, onSaying, onChange() {}, onDone() {} }));
    const voice = { say: notify, stop: hush };
    calling = createCalling({ app, transcriber, asker, voice, keep, line: lines[1].node });
    state.before(button("call", startCall, "start-call", "phone"));
  }

  /** The ways of speaking, the one that is wanted first. */
  function ways() {
    const browsers = (!difys || voicesFor(language()).length) && synthesis;
    return (isOwnWanted() ? [browsers, difys] : [difys, browsers]).filter(Boolean).map(audible);
  }

  /** The same way; a call is told when there is sound. */
  function audible(way) {
    async function play(clip) {
      const own = (sounding = {});
      calling?.sounds(true);
      await way.play(clip).finally(() => own === sounding && calling?.sounds(false));
    }
    function cancel() {
      sounding = null;
      way.cancel();
    }
    return { ...way, play, cancel };
  }

  function notify(text) {
    notices.begin("notice");
    notices.end({ id: "notice", text });
  }

  function hush() {
    reader?.stop();
    notices?.stop();
  }

  /** What was said and cannot be asked now can be sent by hand. */
  function keep(text) {
    if (text) composer.fill(joined(composer.text(), text));
  }

  // What a tap does. Browsers let sound out only after one.

  function unlock() {
    synthesis.unlock();
    difys?.unlock();
  }

  function startCall() {
    unlock();
    dictation.leave();
    calling.start();
  }

  function switchAloud() {
    unlock();
    change({ isAloud: !settings.isAloud });
    if (!settings.isAloud) hush();
    showAloud();
  }

  function chooseVoice() {
    const tryIt = () => read("sample", t("voice.sample"));
    openSettings({ voices: voicesFor(language()), hasDifysVoice: Boolean(difys), hasCalls: Boolean(calling), tryIt });
  }

  function toggle({ id, state: progress }) {
    if (id === reader.reading()) reader.stop();
    else read(id, asker.textOf(id), progress === "streaming" ? reader.follow : reader.end);
  }

  function read(id, text, take = reader.end) {
    unlock();
    dictation?.leave();
    reader.begin(id);
    take({ id, text });
  }

  // What is to be seen

  function showAloud() {
    dress(aloud, settings.isAloud ? "speaker" : "silent", "aloud").setAttribute("aria-pressed", settings.isAloud);
  }

  /** Each answer has a button that tells whether it is being read. */
  function showListenButtons() {
    for (const place of document.querySelectorAll(".answer .voice")) {
      const { dataset } = place.closest(".answer");
      const isRead = dataset.id === reader.reading();
      if (!place.firstChild) place.append(iconButton("speaker", "listen", () => toggle(dataset)));
      place.firstChild.dataset.reading = isRead;
      dress(place.firstChild, isRead ? "stop" : "speaker", isRead ? "listen.stop" : "listen");
    }
  }

  // What happens

  function started(turn) {
    const isCalls = calling?.turn.started(turn);
    if (isCalling() ? isCalls : settings.isAloud) reader.begin(turn.id);
    showListenButtons();
  }

  function followed(turn) {
    calling?.turn.text(turn);
    reader.follow(turn);
  }

  function ended(turn) {
    calling?.turn.ended(turn);
    const isStopped = turn.status === "stopped";
    if ((isStopped || !reader.end(turn)) && reader.reading() === turn.id) reader.stop();
    if (reader.reading() !== turn.id) calling?.turn.read(turn.id, !isStopped);
  }

  function done(id, hasFailed) {
    if (hasFailed) tell("unspoken");
    calling?.turn.read(id, hasFailed);
  }

  function connectionChanged({ name, code }) {
    if (name === "open") transcriber.tryAgain();
    else transcriber.pause();
    calling?.connectionIs(name, [`ended.${code === 4500 ? code : "other"}`]);
  }

  /** Nobody is there any more to hear or to be heard. */
  function leave() {
    calling?.leave();
    dictation?.leave();
    hush();
  }

  slot.closest(".field").after(element("div", "voice-bar", state, document.getElementById("hint")));
  if (dictation) {
    slot.append(dictation.button);
    state.after(lines[0].node);
    on("turn:added", () => queueMicrotask(dictation.sent)); // the field is emptied right after
  }
  on("connection:changed", connectionChanged);
  on("conversation:new", leave);
  addEventListener("online", transcriber.tryAgain);
  addEventListener("pagehide", leave);
  onClosed(leave);
  if (difys) mountSpeaking();
  else onVoices(() => reader || mountSpeaking());
}
