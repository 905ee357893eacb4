// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { button, dress, element, iconButton } from "../elements.js";
import { clear, language, say, t } from "../i18n.js";
import { createCalling } from "./calling.js";
import { createClips } from "./clips.js";
import { createDictation } from "./dictation.js";
import { canListen } from "./listen.js";
import { createReader } from "./reader.js";
import { canCut } from "./sentences.js";
import { change, isOwnWanted, openSettings, settings } from "./settings.js";
import { onVoices, synthesis, voicesFor } from "./synthesis.js";

/** What it is given is described at the top of chat.js. */
export function mountVoice({ app, slot, composer, asker, api }) {
  const state = element("p", "note voice-state");
  const difys = app.text_to_speech && globalThis.AudioContext ? createClips(api) : null;
  const beforeStart = () => reader?.stop(); // it must not hear itself
  const dictation = canListen(app) ? createDictation({ app, api, composer, tell, beforeStart }) : null;
  const aloud = iconButton("silent", "aloud", switchAloud);
  let reader, calling;
  state.setAttribute("role", "status");

  const isCalling = () => calling?.isLive();
  const on = (type, listener) => document.addEventListener(`turn:${type}`, ({ detail }) => listener(detail));

  /** Shows what there is to know at the moment, by its name; or `words`, which are [key, values]. */
  function tell(why, words = [`voice.${why}`]) {
    if (why) say(state, ...words);
    else clear(state);
  }

  function mountSpeaking() {
    const onSaying = (text) => calling?.turn.saying(text);
    reader = createReader({ ways, onSaying, onChange: showListenButtons, onDone: done });
    if (dictation) {
      calling = createCalling({ app, api, asker, reader });
      state.before(button("call", startCall, "start-call", "phone"));
    }
    state.before(aloud, iconButton("sliders", "voice.settings", chooseVoice));
    showAloud();
    showListenButtons();
    on("started", started);
    on("text", reader.follow);
    on("ended", ended);
    if (!settings.isAloud) return;
    for (const type of ["click", "keydown"]) document.addEventListener(type, unlock, { once: true, capture: true });
  }

  /** The ways of speaking, the one that is wanted first. */
  function ways() {
    const browsers = (!difys || voicesFor(language()).length) && synthesis;
    return (isOwnWanted() ? [browsers, difys] : [difys, browsers]).filter(Boolean);
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
    if (!settings.isAloud) reader.stop();
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
    calling?.turn.started(turn);
    if (isCalling() || settings.isAloud) reader.begin(turn.id);
    showListenButtons();
  }

  function ended({ id, status, text }) {
    if (status !== "stopped") return reader.end({ id, text: text || (isCalling() ? t("failed") : "") });
    if (reader.reading() === id) reader.stop();
    return calling?.turn.done(id);
  }

  function done(id, hasFailed) {
    if (hasFailed) tell("unspoken");
    calling?.turn.done(id, hasFailed);
  }

  slot.closest(".field").after(element("div", "voice-bar", state, document.getElementById("hint")));
  if (dictation) {
    slot.append(dictation.button);
    on("started", dictation.leave);
    addEventListener("pagehide", dictation.leave);
  }
  if (canCut && difys) mountSpeaking();
  else if (canCut) onVoices(() => reader || mountSpeaking());
}
