// Speaking and listening on the chat page: each part of it is absent where the browser or the app lacks it.

import { createCalling } from "./calling.js";
import { createClips } from "./clips.js";
import { createDictation } from "./dictation.js";
import { element, icon, iconButton, wordButton, write } from "./dom.js";
import { canListen } from "./listen.js";
import { createReader } from "./reader.js";
import { createSettingsView } from "./settings-view.js";
import { loadSettings, saveSettings } from "./settings.js";
import { audioContext, unlock, unlockAtFirstTap } from "./sound.js";
import { createSpeaker } from "./speak.js";
import { createSynthesis, onVoices, voicesFor } from "./synthesis.js";
import { wordsOf } from "./words.js";

const settings = loadSettings();

/** `page` is what chat.js describes at its top. */
export function mountVoice(page) {
  const { app, slot } = page;
  const words = () => wordsOf(page.language());
  const bar = createBar(slot, words);
  const parts = { page, words, bar, reader: null, calling: null, dictation: null, show: [bar.show] };
  document.addEventListener("language", () => parts.show.forEach((show) => show()));
  if (canListen(app)) mountDictation(parts);
  if (app.text_to_speech && globalThis.AudioContext) mountSpeaking(parts);
  else onVoices(() => parts.reader || mountSpeaking(parts));
}

/** The line below the field: `tell(key)` shows words for a moment's state. */
function createBar(slot, words) {
  const state = element("p", { className: "voice-state", role: "status" });
  const bar = element("div", { className: "voice-bar" }, state);
  let told = "";
  slot.closest(".field").after(bar);
  const hint = document.getElementById("hint");
  if (hint) bar.append(hint);

  function tell(key = told) {
    told = key ?? "";
    write(state, words()[told] ?? told);
  }

  return { tell, show: () => tell(), put: (...nodes) => state.before(...nodes) };
}

function mountDictation(parts) {
  const { page, words, bar } = parts;
  const beforeStart = () => parts.reader?.stop(); // it must not hear itself
  const dictation = createDictation({ ...page, words, tell: bar.tell, beforeStart });
  parts.dictation = dictation;
  parts.show.push(dictation.show);
  page.slot.append(dictation.button);
  document.addEventListener("turn:started", dictation.leave);
  addEventListener("pagehide", dictation.leave);
}

function mountSpeaking(parts) {
  parts.reader = createOwnReader(parts);
  mountCalls(parts);
  mountChoices(parts);
  mountListenButtons(parts);
  listenToTurns(parts);
  if (settings.isAloud) unlockAtFirstTap();
}

function createOwnReader(parts) {
  const { app, api, language } = parts.page;
  const own = createSynthesis({ settings: () => settings, language });
  const difys = app.text_to_speech && createClips({ api, context: audioContext, settings: () => settings });
  const ways = () => {
    const isOwnWanted = settings.voice && settings.voice !== "dify";
    const browsers = voicesFor(language()).length || !difys ? own : null;
    return (isOwnWanted ? [browsers, difys] : [difys, browsers]).filter(Boolean);
  };
  return createReader({
    createSpeaker: (on) => createSpeaker({ ways, ...on }),
    rate: () => settings.rate,
    onSaying: (text) => parts.calling?.turn.saying(text),
    onChange(_, hasFailed) {
      if (hasFailed) parts.bar.tell("unspoken");
      parts.show.forEach((show) => show());
    },
    onDone: (id, hasFailed) => parts.calling?.turn.done(id, hasFailed),
  });
}

function mountCalls(parts) {
  const { page, words, reader, dictation, bar } = parts;
  if (!dictation) return;
  parts.calling = createCalling({ ...page, words, reader, settings: () => settings });
  const label = element("span");
  const button = wordButton(() => {
    unlock();
    dictation.leave();
    parts.calling.start();
  });
  button.id = "start-call";
  button.append(icon("phone"), label);
  bar.put(button);
  mountShow(parts, () => write(label, words().call));
  parts.show.push(parts.calling.show);
}

function mountChoices(parts) {
  const { page, words, reader, bar } = parts;
  const aloud = iconButton(() => {
    unlock();
    settings.isAloud = !settings.isAloud;
    saveSettings(settings);
    if (!settings.isAloud) reader.stop();
    show();
  });
  aloud.button.id = "aloud";
  const view = createSettingsView({ ...page, settings, words, hasCalls: Boolean(parts.calling), tryIt: (text) => read(parts, "sample", text) });
  const choices = iconButton(view.open);
  choices.button.id = "voice-choices";
  const show = () => {
    aloud.name(settings.isAloud ? "speaker" : "silent", words().aloud);
    aloud.press(settings.isAloud);
    choices.name("sliders", words().settings);
  };
  bar.put(aloud.button, choices.button);
  mountShow(parts, show);
}

function mountShow(parts, show) {
  parts.show.push(show);
  show();
}

/** Called by a tap. Without `isGrowing` the text is whole. */
function read({ reader, dictation }, id, text, isGrowing = false) {
  unlock();
  dictation?.leave();
  reader.begin(id);
  if (isGrowing) reader.follow({ id, text });
  else reader.end({ id, text });
}

function mountListenButtons(parts) {
  const { page, words, reader } = parts;
  const buttons = new Map();

  function add() {
    for (const place of document.querySelectorAll(".answer[data-id] .voice:empty")) {
      const article = place.closest(".answer");
      const { id } = article.dataset;
      const isGrowing = () => article.dataset.state === "streaming";
      const toggle = () => (reader.reading() === id ? reader.stop() : read(parts, id, page.asker.textOf(id), isGrowing()));
      const { button, name } = iconButton(toggle);
      place.append(button);
      buttons.set(id, { button, name });
    }
    show();
  }

  function show() {
    for (const [id, { button, name }] of buttons) {
      const isRead = reader.reading() === id;
      button.dataset.reading = isRead;
      name(isRead ? "stop" : "speaker", isRead ? words().stopReading : words().listen);
      if (!button.isConnected) buttons.delete(id);
    }
  }

  document.addEventListener("turn:started", add);
  parts.show.push(show);
  add();
}

function listenToTurns({ reader, calling, words }) {
  const isCall = () => Boolean(calling?.isLive());
  const on = (type, listener) => document.addEventListener(type, ({ detail }) => listener(detail));
  on("turn:started", (turn) => {
    if (isCall()) calling.turn.started(turn);
    if (isCall() || settings.isAloud) reader.begin(turn.id);
  });
  on("turn:text", reader.follow);
  on("turn:ended", ({ id, status, text }) => {
    if (status !== "stopped") return reader.end({ id, text: text || (isCall() ? words().failedAnswer : "") });
    if (reader.reading() === id) reader.stop();
    return calling?.turn.done(id);
  });
}
