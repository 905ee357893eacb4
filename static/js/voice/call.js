// A hands-free call: listens, asks when the person's turn is over, has the answer read, and listens again.

import { withErrorBoundary } from "../error-boundary.js";
import { t } from "../i18n.js";
import { createBargeIn, isStale } from "./barge-in.js";
import { createCallDisplay } from "./call-display.js";
import * as states from "./call-state.js";
import { isBackchannel, isFiller } from "./completeness.js";
import { createHold } from "./hold.js";
import { createLatencies } from "./latencies.js";
import { watchConnectionLoss } from "./connection-loss.js";
import { outcomeOf } from "./answer-outcome.js";
import { choiceOf } from "./spoken-choice.js";

const QUIET_MS = 500; // between two sentences there is less

/**
 * `turns` is the page's. `voice.say(text)` says what is no answer, `voice.stop()` ends all speaking, `voice.pause()` and
 * `voice.resume()` hold it. `keep(text)` gets what was heard and cannot be asked, `report(id, latencies)` how long a turn
 * took (see latencies.js). `status` is a node for the view. `parts`: {createSpeechInput, createCallView,
 * createCallSounds}. What is thrown by what it is given ends no call.
 */
export function createCall({ app, transcriber, keep, report, status, ...others }, parts) {
  const [turns, voice] = [others.turns, others.voice].map(withErrorBoundary);
  const announce = (words) => voice.say(t(...words));
  const byHand = { interrupt: () => interrupt({ asked: "" }), mute, sendNow: () => input.finish(), end: hangUp, again: start };
  const on = { ...byHand, remind: tell, expire: end };
  const hearing = () => ({ isSpeech: talk.isSpeech(), isSounding: talk.isSounding(), mode: input.mode() });
  const display = createCallDisplay(on, status, () => ({ ...hearing(), isLost: loss.isLost() }), parts);
  const latencies = createLatencies(report);
  let call = states.IDLE;
  let results = []; // of hearing, since the last question
  let talk = createBargeIn(() => false);
  let due = null; // {times}: the turn that they are is over
  let input, quiet;

  const isLive = () => states.isLive(call);
  const question = () => states.questionOf(call);
  const isRecorded = () => input.mode() === "recorder";
  const hold = createHold(voice, (isHeld) => talk.sounds(!isHeld));
  const onChange = () => isLive() && change();
  const loss = watchConnectionLoss({ isQuiet, onChange, announce });

  function change(more) {
    call = { ...call, ...more };
    display.show(call);
  }

  function start() {
    voice.stop();
    [input, results, due] = [createInput(), [], null];
    talk = createBargeIn(input.hasLevel);
    input.start();
    change(states.started());
    display.beep();
    loss.announceIfQuiet();
  }

  /** A recording may be written down when the call is long over. */
  function createInput() {
    const isHere = () => self === input && isLive();
    const self = parts.createSpeechInput({
      ...{ app, transcriber, takesTurns: true, onSpeech, meter: display.meter },
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
    const isOver = call.state === "speaking" && !talk.isSounding() && !hold.isOn(); // as far as one hears
    if (call.state !== "listening" && !isOver && isBackchannel(talk.wordsOfOthers(all))) goOn();
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
    change();
    holdIfTalkedOver();
    hold.speech(isOn, input.lagMs());
  }

  const holdIfTalkedOver = () => talk.isSpeech() && talk.isSounding() && hold.start();

  // A question and its answer

  function ask() {
    if (!question()) return;
    latencies.asked(due?.times);
    forget();
    talk = createBargeIn(input.hasLevel);
    change(states.asking(question()));
    const choice = choiceOf(call.asked, turns.choices?.() ?? []);
    const id = choice < 0 ? turns.ask(call.asked) : turns.choose(choice);
    if (id) change({ turn: id });
    else if (choice < 0) end(["voice.closed"]);
    else tell(["voice.form"], { state: "listening", asked: "" });
    loss.announceIfQuiet();
  }

  /** Who does so by hand wants neither the answer nor the question any more. */
  function interrupt(more) {
    const { turn: id } = call;
    hush();
    latencies.end(id);
    change({ ...states.afterInterruption(call), ...more });
    if (id) turns.cancel(id);
  }

  /** What was heard and not asked goes into the field: after what was typed there has gone. */
  function adopt(typed, id) {
    setTimeout(keep, 0, call.heard);
    forget();
    change(states.asking(typed, id));
  }

  /** What happens to the page's turns. One that was typed or tapped is the call's as if its question was said. */
  const turn = {
    added({ id, question: typed }) {
      if (!isLive() || (call.state === "thinking" && !call.turn)) return; // it is just being asked
      interrupt();
      adopt(typed, id);
    },
    /** Says whether it is the call's. */
    started({ id }) {
      if (!isLive() || (call.turn ?? id) !== id) return false;
      if (call.state === "listening") adopt("", id);
      else change({ turn: id });
      return true;
    },
    text({ id, text }) {
      if (id === call.turn && text.trim()) latencies.worded();
    },
    ended(ending) {
      if (ending.id === call.turn) change({ outcome: outcomeOf(ending) });
    },
    /** What did not seem enough to interrupt was said all the same. */
    read(id, hasFailed) {
      if (id !== call.turn) return;
      latencies.end(id);
      change(states.afterReading(call, hasFailed));
      sounds(false);
      if (isStale(talk.wordsOfOthers(results), results)) forget();
      takeWords();
      if (call.outcome) announce(call.outcome);
      else display.beep();
    },
  };

  // What the page says

  /** `isAnswer`: not what was given to `voice.say`. */
  function saying(text, isAnswer) {
    if (!isLive() || (isAnswer && call.state === "listening")) return;
    talk.says(text);
    input.answered();
    if (isAnswer) change({ state: "speaking", hasSpoken: true });
  }

  /** Whether there is sound. */
  function sounds(isOn) {
    talk.sounds(isOn);
    if (isOn && call.state === "speaking") latencies.sounded(call.turn);
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

  /** Shows and says it; null: there is nothing more to say. */
  function tell(note, more) {
    change({ ...more, note });
    if (note) announce(note);
  }

  // What goes wrong

  /** `name` is the connection's state (see connection.js), `note` says why it ended for good. */
  function connectionIs(name, note) {
    loss.connectionIs(name);
    if (name === "ended" && isLive()) end(note);
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
    display.beep();
  }

  function end(note = null, state = "ended") {
    if (note) keep(call.turn ? call.heard : question()); // what was not asked
    input.abort();
    input.clear();
    hush();
    latencies.end(call.turn);
    change({ state, note, heard: "", turn: null });
    if (note) announce(note);
  }

  /** Nobody waits for the answer any more; without a connection, the question still waits for one. */
  function hangUp() {
    const { turn: id, heard } = call;
    end();
    keep(heard);
    if (id && !loss.isLost()) turns.cancel(id);
  }

  function leave() {
    if (!isLive()) return;
    end();
    display.close();
  }

  return { start, leave, turn, saying, sounds, unwritten: loss.unwritten, connectionIs, isLive };
}
