// A hands-free call: listens, asks when the person's turn is over, has the answer read unless it is interrupted, and listens again.

import { withErrorBoundary } from "../error-boundary.js";
import { t } from "../i18n.js";
import { createBargeIn, isStale } from "./barge-in.js";
import { createCallView } from "./call-view.js";
import { isBackchannel, isFiller } from "./completeness.js";
import { createHold } from "./hold.js";
import { createSpeechInput } from "./speech-input.js";
import { watchConnectionLoss } from "./connection-loss.js";
import { outcomeOf } from "./answer-outcome.js";
import { joined } from "./phrases.js";
import { choiceOf } from "./spoken-choice.js";
import { createWakeLock } from "./wake-lock.js";

const QUIET_MS = 500; // between two sentences there is less

/**
 * A call at one moment; each change makes another. `state`: idle, listening, thinking (about `asked`), speaking,
 * refused or ended. `heard`: what was heard and not yet asked. `turn`: the id of the answer under way; `outcome`: what
 * is to be told of its end; `hasSpoken`: whether its reading has begun. `note`: what else is to be told. Both are [key,
 * values]. `times`: when the question was said (see speech-input.js).
 */
const IDLE = { state: "idle", isMuted: false, asked: "", heard: "", turn: null, note: null };
const PARTS = { createCallView, createSpeechInput };
const UNANSWERED = { outcome: null, hasSpoken: false };

/**
 * `turns` is the page's. `voice.say(text)` says what is no answer, `voice.stop()` ends all speaking, `voice.pause()` and `voice.resume()` hold it. `keep(text)` gets
 * what was heard and cannot be asked. `status` is a node for the view. `parts` are others in tests.
 * What is thrown by what it is given ends no call.
 */
export function createCall({ app, transcriber, keep, status, ...others }, parts = PARTS) {
  const on = { interrupt, mute, end: hangUp, again: start };
  const { meter, ...drawing } = parts.createCallView(on, status);
  const [view, turns, voice] = [drawing, others.turns, others.voice].map(withErrorBoundary);
  let call = IDLE;
  let results = []; // of hearing, since the last question
  let talk = createBargeIn(() => false);
  let due = null; // {times}: the turn that they are is over
  let input, quiet;

  const isLive = () => ["listening", "thinking", "speaking"].includes(call.state);
  const question = () => joined(call.asked, call.heard);
  const keepAwake = createWakeLock(isLive);
  const isRecorded = () => input.mode() === "recorder";
  const hold = createHold(voice, (isHeld) => talk.sounds(!isHeld));
  const onChange = () => isLive() && change({});
  const loss = watchConnectionLoss({ isQuiet, onChange, announce: () => announce(["call.lost"]) }); // of the connection

  function change(more) {
    call = { ...call, ...more };
    const note = loss.isLost() ? ["call.lost"] : call.note;
    view.show({ ...call, note, question: question(), isLive: isLive(), mode: input.mode() });
  }

  function start() {
    voice.stop();
    [input, results, due] = [createInput(), [], null];
    talk = createBargeIn(input.hasLevel);
    input.start();
    view.answer("");
    change({ ...IDLE, ...UNANSWERED, state: "listening" });
    keepAwake();
    loss.announceIfQuiet();
  }

  /** A recording may be written down when the call is long over. */
  function createInput() {
    const isHere = () => self === input && isLive();
    const self = parts.createSpeechInput({
      ...{ app, transcriber, takesTurns: true, meter, onSpeech },
      isSpeaking: () => talk.isSounding(),
      onResults: (all, isDue, times) => (isHere() ? heard(all, isDue && { times }) : keep(all.at(-1)?.text ?? "")),
      onDoing: (name) => change({ note: name === "network" ? ["voice.network"] : null }),
      onError: (why) => end([`voice.${why}`], why === "refused" ? why : "ended"),
    });
    return self;
  }

  // Hearing

  function heard(all, isDue) {
    [results, due] = [all, isDue];
    if (call.state !== "listening" && isBackchannel(talk.wordsOfOthers(all))) goOn();
    else if (!talk.isSounding() || talk.interrupts(all) || (due && isRecorded())) takeWords();
  }

  function forget() {
    input.clear();
    [results, due] = [[], null];
  }

  /** Nobody wants the turn. */
  function goOn() {
    if (!talk.isSpeech()) hold.release();
    if (results.length && isRecorded() && isFiller(talk.wordsOfOthers(results))) input.clear();
  }

  /** Those of the page are none. */
  function takeWords() {
    const words = talk.wordsOfOthers(results);
    if (words && (call.state !== "listening" || talk.isSounding())) interrupt();
    if (call.state !== "listening") return;
    change({ heard: words });
    if (due && !talk.isSpeech()) ask();
  }

  /** What the page says is held as soon as somebody speaks; only words interrupt it. */
  function onSpeech(isOn) {
    talk.speech(isOn);
    holdIfTalkedOver();
    hold.speech(isOn, input.lagMs());
  }

  const holdIfTalkedOver = () => talk.isSpeech() && talk.isSounding() && hold.start();

  // A question and its answer

  function ask() {
    if (!question()) return;
    const times = due?.times;
    forget();
    talk = createBargeIn(input.hasLevel);
    change({ ...UNANSWERED, state: "thinking", asked: question(), heard: "", turn: null, note: null, times });
    const choice = choiceOf(call.asked, turns.choices?.() ?? []);
    const id = choice < 0 ? turns.ask(call.asked) : turns.choose(choice);
    if (id) change({ turn: id });
    else if (choice < 0) {
      keep(call.asked);
      end(["voice.closed"]);
    } else cannotChoose();
    loss.announceIfQuiet();
  }

  function cannotChoose() {
    change({ state: "listening", asked: "", note: ["voice.form"] });
    announce(call.note);
  }

  /** Somebody interrupts; before the answer has begun, that goes on with the same question. */
  function interrupt() {
    const { turn: id, hasSpoken, asked } = call;
    hush();
    change({ state: "listening", asked: hasSpoken ? "" : asked, turn: null });
    if (id) turns.cancel(id);
  }

  const turn = {
    /** Says whether it is the call's. */
    started({ id }) {
      if (call.state !== "thinking" || (call.turn ?? id) !== id) return false;
      change({ turn: id });
      view.answer("");
      return true;
    },
    text({ id, text, replaced }) {
      if (id === call.turn) view.answer(text, replaced);
    },
    ended(ending) {
      if (ending.id !== call.turn) return;
      view.answer(ending.text, false, true);
      change({ outcome: outcomeOf(ending) });
    },
    /** All was read that there was to read. What did not seem enough to interrupt was said all the same. */
    read(id, hasFailed) {
      if (id !== call.turn) return;
      const outcome = call.outcome ?? (call.hasSpoken || hasFailed ? null : ["voice.wordless"]);
      const note = outcome ?? (hasFailed ? ["voice.unspoken"] : null);
      change({ state: "listening", turn: null, asked: "", note });
      sounds(false);
      if (isStale(talk.wordsOfOthers(results), results)) forget();
      takeWords();
      if (outcome) announce(outcome);
    },
  };

  // What the page says

  /** `isAnswer`: not what was given to `voice.say`. */
  function saying(text, isAnswer) {
    if (!isLive() || (isAnswer && call.state === "listening")) return;
    talk.says(text);
    if (isAnswer) change({ state: "speaking", hasSpoken: true });
  }

  /** Whether there is sound. */
  function sounds(isOn) {
    talk.sounds(isOn);
    clearTimeout(quiet);
    if (isOn) setTimeout(holdIfTalkedOver); // when the engine has begun
    else quiet = setTimeout(fallSilent, QUIET_MS);
  }

  function fallSilent() {
    if (call.state === "listening" && talk.wordsOfOthers(results) !== call.heard) takeWords();
    loss.announceIfQuiet();
  }

  function hush() {
    hold.end();
    voice.stop();
    sounds(false);
  }

  const announce = (words) => voice.say(t(...words));

  // What goes wrong

  /** `name` is the connection's state (see connection.js), `note` says why it ended for good. */
  function connectionIs(name, note) {
    loss.connectionIs(name);
    if (name === "ended" && isLive()) end(note);
  }

  /** A recording could not be written down, for this reason. */
  function unwritten(words) {
    if (!loss.isLost() && isQuiet()) announce(words);
  }

  /** Nobody speaks, in a call. */
  function isQuiet() {
    return isLive() && !talk.isSounding() && !talk.isSpeech() && !hold.isOn() && !(call.state === "listening" && call.heard);
  }

  // What a person does

  function mute() {
    if (call.isMuted) input.start();
    else input.stop(); // what was said by now is still asked
    onSpeech(false);
    change({ isMuted: !call.isMuted });
  }

  function end(note = null, state = "ended") {
    if (note) keep(call.state === "listening" ? question() : call.heard);
    input.abort();
    input.clear();
    hush();
    change({ state, note, heard: "", turn: null });
    if (note) announce(note);
    keepAwake();
  }

  /** Nobody waits for the answer any more; without a connection, the question still waits for one. */
  function hangUp() {
    const { turn: id } = call;
    end();
    if (id && !loss.isLost()) turns.cancel(id);
  }

  function leave() {
    if (!isLive()) return;
    end();
    view.close();
  }

  return { start, leave, turn, saying, sounds, unwritten, connectionIs, isLive };
}
