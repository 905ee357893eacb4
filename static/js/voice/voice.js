// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { button, dress, element, iconButton } from "../elements.js";
import { clear, language, say, t } from "../i18n.js";
import { createCalling } from "./calling.js";
import { createClips } from "./clips.js";
import { createDictation } from "./dictation.js";
import { canListen } from "./listen.js";
import { createReader } from "./reader.js";
import { canCut } from "./sentences.js";
import { change, createSettingsDialog, settings } from "./settings.js";
import { unlock, unlockAtFirstTap } from "./sound.js";
import { createSynthesis, onVoices, voicesFor } from "./synthesis.js";

/** `page` is what chat.js describes at its top. */
export function mountVoice(page) {
  const { app, slot } = page;
  const state = Object.assign(element("p", "voice-state"), { role: "status" });
  slot.closest(".field").after(element("div", "voice-bar", state, document.getElementById("hint")));
  const voice = { ...page, put: (...nodes) => state.before(...nodes), tell, reader: null, calling: null, dictation: null };

  /** Shows what there is to know at the moment, by its name; or `words`, which are [key, values]. */
  function tell(why, words = [`voice.${why}`]) {
    if (why) say(state, ...words);
    else clear(state);
  }

  if (canListen(app)) mountDictation(voice);
  if (!canCut) return;
  if (app.text_to_speech && globalThis.AudioContext) mountSpeaking(voice);
  else onVoices(() => voice.reader || mountSpeaking(voice));
}

function mountDictation(voice) {
  const beforeStart = () => voice.reader?.stop(); // it must not hear itself
  voice.dictation = createDictation({ ...voice, beforeStart });
  voice.slot.append(voice.dictation.button);
  document.addEventListener("turn:started", voice.dictation.leave);
  addEventListener("pagehide", voice.dictation.leave);
}

function mountSpeaking(voice) {
  const marks = mountListenButtons(voice);
  const own = createSynthesis(settings);
  const difys = voice.app.text_to_speech && createClips(voice.api);
  voice.reader = createReader({
    ways: () => waysOf(own, difys),
    rate: () => settings.rate,
    onSaying: (text) => voice.calling?.turn.saying(text),
    onChange(_, hasFailed) {
      if (hasFailed) voice.tell("unspoken");
      marks.show();
    },
    onDone: (id, hasFailed) => voice.calling?.turn.done(id, hasFailed),
  });
  if (voice.dictation) mountCalls(voice);
  mountChoices(voice);
  marks.add();
  listenToTurns(voice);
  if (settings.isAloud) unlockAtFirstTap();
}

/** The ways of speaking, the one that is wanted first. */
function waysOf(own, difys) {
  const isOwnWanted = settings.voice && settings.voice !== "dify";
  const browsers = voicesFor(language()).length || !difys ? own : null;
  return (isOwnWanted ? [browsers, difys] : [difys, browsers]).filter(Boolean);
}

function mountCalls(voice) {
  voice.calling = createCalling(voice);
  const start = button("call", () => {
    unlock();
    voice.dictation.leave();
    voice.calling.start();
  }, "", "phone");
  start.id = "start-call";
  voice.put(start);
}

function mountChoices(voice) {
  const aloud = iconButton("silent", "aloud", () => {
    unlock();
    change({ isAloud: !settings.isAloud });
    if (!settings.isAloud) voice.reader.stop();
    show();
  });
  const show = () => dress(aloud, settings.isAloud ? "speaker" : "silent", "aloud").setAttribute("aria-pressed", settings.isAloud);
  const open = createSettingsDialog({
    hasDifyVoice: voice.app.text_to_speech,
    hasCalls: Boolean(voice.calling),
    tryIt: (text) => read(voice, "sample", text),
  });
  const choices = iconButton("sliders", "voice.settings", open);
  aloud.id = "aloud";
  choices.id = "voice-choices";
  show();
  voice.put(aloud, choices);
}

/** Called by a tap. Without `isGrowing` the text is whole. */
function read({ reader, dictation }, id, text, isGrowing = false) {
  unlock();
  dictation?.leave();
  reader.begin(id);
  if (isGrowing) reader.follow({ id, text });
  else reader.end({ id, text });
}

/** A button for each answer; `add` makes those that are missing, `show` tells which answer is being read. */
function mountListenButtons(voice) {
  function add() {
    for (const place of document.querySelectorAll(".answer[data-id] .voice:empty")) {
      const { dataset } = place.closest(".answer");
      const toggle = () => {
        if (voice.reader.reading() === dataset.id) voice.reader.stop();
        else read(voice, dataset.id, voice.asker.textOf(dataset.id), dataset.state === "streaming");
      };
      place.append(iconButton("speaker", "listen", toggle));
    }
  }

  function show() {
    for (const node of document.querySelectorAll(".answer .voice > button")) {
      const isRead = node.closest(".answer").dataset.id === voice.reader.reading();
      node.dataset.reading = isRead;
      dress(node, isRead ? "stop" : "speaker", isRead ? "listen.stop" : "listen");
    }
  }

  document.addEventListener("turn:started", add);
  return { add, show };
}

function listenToTurns({ reader, calling }) {
  const isCall = () => Boolean(calling?.isLive());
  const on = (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail));
  on("turn:started", (turn) => {
    if (isCall()) calling.turn.started(turn);
    if (isCall() || settings.isAloud) reader.begin(turn.id);
  });
  on("turn:text", reader.follow);
  on("turn:ended", ({ id, status, text }) => {
    if (status !== "stopped") return reader.end({ id, text: text || (isCall() ? t("failed") : "") });
    if (reader.reading() === id) reader.stop();
    return calling?.turn.done(id);
  });
}
