// A hands-free call: listens, asks after a pause, has the answer read unless it is interrupted, and listens again.

import { t } from "../i18n.js";
import { createBargeIn } from "./barge-in.js";
import { createCallView } from "./call-view.js";
import { guarded } from "./guard.js";
import { listen } from "./listen.js";
import { createLossWatch } from "./loss.js";
import { outcomeOf } from "./outcome.js";
import { joined } from "./phrases.js";
import { settings } from "./settings.js";
import { createWakeLock } from "./wake-lock.js";

const QUIET_MS = 500; // between two sentences there is less

/**
 * A call at one moment; each change makes another. `state`: idle, listening, thinking (about `asked`), speaking, refused
 * or ended; `next`: the one after speaking. `heard`: what was heard and not yet asked. `turn`: the id of the answer under
 * way; `outcome`: once that is written, what is to be told of it. `note`: what else is to be told. Both are [key, values].
 */
const IDLE = { state: "idle", next: "listening", isMuted: false, asked: "", heard: "", turn: null, note: null };
const UNANSWERED = { outcome: undefined, isVoiceless: false, hasSpoken: false };

/**
 * `asker` is the page's. `voice.say(text)` says what is no answer, `voice.stop()` ends all speaking. `keep(text)` gets
 * what was heard and cannot be asked. `parts` are others in tests.
 */
export function createCalling({ app, transcriber, keep, line, ...others }, parts = { createCallView, listen }) {
  const view = guarded(parts.createCallView({ interrupt, mute, end: () => end(), again: start }, line));
  const [asker, voice] = [guarded(others.asker), guarded(others.voice)];
  let call = IDLE;
  let results = []; // of hearing, since the last question
  let talk = createBargeIn(() => false);
  let listener, pause, quiet;

  const isLive = () => ["listening", "thinking", "speaking"].includes(call.state);
  const isThinking = () => call.state === "thinking" || (call.state === "speaking" && call.next === "thinking");
  const question = () => joined(call.asked, call.heard);
  const pauseMs = () => settings.pauseSeconds * 1_000;
  const keepAwake = createWakeLock(isLive);
  const onChange = () => isLive() && change({});
  const loss = createLossWatch({ isQuiet, onChange, tell: () => speak(["call.lost"]) }); // of the connection

  function change(more) {
    call = { ...call, ...more };
    const note = loss.isLost() ? ["call.lost"] : call.note;
    view.show({ ...call, note, question: question(), isLive: isLive(), earName: listener.earName() });
  }

  function start() {
    voice.stop();
    [listener, results] = [createListener(), []];
    talk = createBargeIn(listener.hasLevel);
    listener.start();
    view.answer("");
    change({ ...IDLE, ...UNANSWERED, state: "listening" });
    keepAwake();
    loss.tellIfQuiet();
  }

  /** A recording may be written down when the call is long over. */
  function createListener() {
    const isHere = () => self === listener && isLive();
    const self = parts.listen({
      ...{ app, transcriber, pauseMs, meter: view.meter, onSpeech },
      isSpeaking: () => call.state === "speaking",
      onResults: (all, isDue) => (isHere() ? heard(all, isDue) : keep(all.at(-1)?.text ?? "")),
      onDoing: (name) => change({ note: name === "network" ? ["voice.network"] : null }),
      onError: (why) => end([`voice.${why}`], why === "refused" ? why : "ended"),
    });
    return self;
  }

  // Hearing

  function heard(all, isDue) {
    results = all;
    const words = talk.wordsOfOthers(all);
    if (call.state === "speaking" && !isDue && !talk.interrupts(all)) return;
    if (call.state !== "listening" && words) goOn();
    if (call.state !== "listening") return;
    change({ heard: words });
    if (isDue && !talk.isSpeech()) ask();
    else wait();
  }

  /** With recognition it takes words to interrupt; a recording has none before its end. */
  function onSpeech(isOn) {
    talk.speech(isOn);
    wait();
    if (isOn && call.state === "speaking" && listener.earName() === "recorder") interrupt();
  }

  /** A recorder does so itself, and says when its words are due. */
  function wait() {
    clearTimeout(pause);
    if (call.heard && !talk.isSpeech() && listener.earName() !== "recorder") pause = setTimeout(ask, pauseMs());
  }

  /** What did not seem enough to interrupt was said all the same. */
  function listenAgain() {
    sounds(false);
    change({ state: call.next, next: "listening" });
    if (call.state !== "listening") return;
    change({ heard: talk.wordsOfOthers(results) });
    wait();
  }

  // A question and its answer

  function ask() {
    clearTimeout(pause);
    if (!question()) return;
    listener.take();
    [results, talk] = [[], createBargeIn(listener.hasLevel)];
    change({ ...UNANSWERED, state: "thinking", asked: question(), heard: "", turn: null, note: null });
    const id = asker.ask(call.asked);
    if (id) change({ turn: id });
    else cannotAsk();
    loss.tellIfQuiet();
  }

  function cannotAsk() {
    keep(call.asked);
    end(["voice.closed"]);
  }

  /** A tap, or a sound, which is no word yet. */
  function interrupt() {
    if (!isThinking()) return goOn();
    hush();
    return change({ state: "thinking", next: "listening" });
  }

  /** Who speaks before the answer goes on with the same question. */
  function goOn() {
    const { turn: id, hasSpoken, asked } = call;
    hush();
    change({ state: "listening", next: "listening", asked: hasSpoken ? "" : asked, turn: null });
    if (id) asker.cancel(id);
  }

  const turn = {
    /** Says whether it is the call's. */
    started({ id }) {
      if (!isThinking() || (call.turn ?? id) !== id) return false;
      change({ turn: id });
      view.answer("");
      return true;
    },
    text({ id, text, replaced }) {
      if (id === call.turn) view.answer(text, replaced);
    },
    ended(ending) {
      if (ending.id !== call.turn) return;
      view.answer(ending.text);
      change({ outcome: outcomeOf(ending) });
      if (call.isVoiceless) turn.read(ending.id, true);
    },
    /** All was read that there was to read. */
    read(id, hasFailed) {
      if (id !== call.turn) return;
      const outcome = call.outcome ?? (call.hasSpoken || hasFailed ? null : ["voice.wordless"]);
      change({ turn: null, asked: "", next: "listening", note: outcome ?? (hasFailed ? ["voice.unspoken"] : null) });
      if (outcome && !hasFailed) speak(outcome, "listening");
      else listenAgain();
    },
    /** Speaking threw an error: the answer can still be seen. */
    voiceless() {
      change({ isVoiceless: true });
      if (call.outcome !== undefined) turn.read(call.turn, true);
    },
  };

  // What the page says

  /** `isAnswer`: not what was given to `voice.say`. */
  function saying(text, isAnswer) {
    if (!isLive()) return;
    talk.says(text);
    if (isAnswer && call.state !== "listening") change({ state: "speaking", next: "listening", hasSpoken: true });
  }

  /** Whether there is sound. */
  function sounds(isOn) {
    talk.sounds(isOn);
    clearTimeout(quiet);
    if (!isOn) quiet = setTimeout(loss.tellIfQuiet, QUIET_MS);
  }

  function hush() {
    voice.stop();
    sounds(false);
  }

  /** Tells what is no answer. */
  function speak(words, next = isThinking() ? "thinking" : "listening") {
    change({ state: "speaking", next });
    voice.say(t(...words));
  }

  /** `voice.say` has said it. An answer may be going on meanwhile. */
  function told() {
    if (call.state === "speaking" && !(call.turn && call.hasSpoken)) listenAgain();
  }

  // What goes wrong

  /** `name` is the connection's state (see connection.js), `note` says why it ended for good. */
  function connectionIs(name, note) {
    loss.connectionIs(name);
    if (name === "ended" && isLive()) end(note);
  }

  /** A recording could not be written down, for this reason. */
  function unwritten(words) {
    if (!loss.isLost() && isQuiet()) speak(words);
  }

  /** Nobody speaks, in a call. */
  function isQuiet() {
    if (call.state === "listening") return !call.heard && !talk.isSpeech();
    return isLive() && !talk.isSounding();
  }

  // What a person does

  function mute() {
    if (call.isMuted) listener.start();
    else listener.stop(); // what was said by now is still asked
    talk.speech(false);
    wait();
    change({ isMuted: !call.isMuted });
  }

  function end(note = null, state = "ended") {
    clearTimeout(pause);
    if (note) keep(call.state === "listening" ? question() : call.heard);
    listener.abort();
    listener.take();
    hush();
    change({ state, note, heard: "", turn: null });
    if (note) voice.say(t(...note));
    keepAwake();
  }

  function leave() {
    if (!isLive()) return;
    end();
    view.close();
  }

  return { start, leave, turn, saying, told, sounds, unwritten, connectionIs, isLive };
}
