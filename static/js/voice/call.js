// A hands-free call: listens, asks when the person's turn is over, has the answer read, and listens again.

import { withErrorBoundary } from "../error-boundary.js";
import { createCallDisplay } from "./call-display.js";
import { createCallHearing } from "./call-hearing.js";
import { createCallSpeaking } from "./call-speaking.js";
import * as states from "./call-state.js";
import { createLatencies } from "./latencies.js";
import { watchConnectionLoss } from "./connection-loss.js";
import { outcomeOf } from "./answer-outcome.js";
import { createSoleCall } from "./sole-call.js";
import { choiceOf } from "./spoken-choice.js";

/**
 * `turns` is the page's. `voice.say(text)` says what is no answer, `voice.stop()` ends all speaking, `voice.pause()` and
 * `voice.resume()` hold it. `keep(text)` gets what was heard and cannot be asked, `report(id, latencies)` how long a turn
 * took (see latencies.js). `status` is a node for the view. `parts`: {createSpeechInput, createCallView,
 * createCallSounds}. What is thrown by what it is given ends no call.
 */
export function createCall({ app, transcriber, keep, report, status, ...others }, parts) {
  const [turns, voice] = [others.turns, others.voice].map(withErrorBoundary);
  const byHand = { interrupt: stopAnswer, mute, sendNow: () => input.finish(), end: hangUp, again: start };
  const on = { ...byHand, remind: tell, expire: fail };
  const onChange = () => isLive() && change();
  const hearing = createCallHearing({ input: () => input, call: () => call, voice, take, onHold: onChange });
  const now = () => ({ ...hearing.now(), isLost: loss.isLost(), mode: input.mode(), canSend: input.canFinish() });
  const display = createCallDisplay(on, status, now, parts);
  const latencies = createLatencies(report);
  const told = { call: () => call, change, answered: () => input.answered(), onSilence };
  const speaking = createCallSpeaking({ voice, hearing, latencies, ...told });
  const { announce, sounds, hush } = speaking;
  const sole = createSoleCall(() => end(["call.elsewhere"])); // what is said now is heard there
  let call = states.IDLE;
  let input;

  const isLive = () => states.isLive(call);
  const question = () => states.questionOf(call);
  const loss = watchConnectionLoss({ isQuiet, onChange, announce });

  function change(more) {
    call = { ...call, ...more };
    display.show(call);
  }

  function start() {
    voice.stop();
    sole.begin();
    input = createInput();
    hearing.begin();
    input.start();
    change(states.started());
    loss.announceIfQuiet();
  }

  /** A recording may be written down when the call is long over. */
  function createInput() {
    const isHere = () => self === input && isLive();
    const self = parts.createSpeechInput({
      ...{ app, transcriber, takesTurns: true, onSpeech, meter: display.meter },
      isSpeaking: hearing.isSounding,
      onResults: (all, ...more) => (isHere() ? heard(all, ...more) : keep(all.at(-1)?.text ?? "")),
      onDoing: (name) => isHere() && (states.TOLD[name] ? change(states.TOLD[name]) : hears()),
      onError: cannotHear,
    });
    return self;
  }

  // Hearing

  function hears() {
    change({ isOpening: false, deafness: null, note: null });
    display.beep();
  }

  function heard(all, isDue, times) {
    hearing.hears(all, isDue ? { times, isByHand: isDue !== true } : null);
  }

  function take(words, due) {
    if (words && (call.state !== "listening" || hearing.isSounding())) interrupt();
    if (call.state !== "listening") return;
    change({ heard: words });
    if (due) ask(due.times);
  }

  function onSpeech(isOn) {
    hearing.speech(isOn);
    change(isOn && call.state === "listening" && !call.isOpening ? { note: null } : {}); // of what was before
  }

  /** An answer is still read to its end. */
  function cannotHear(why) {
    const deafness = [`voice.${why}`];
    onSpeech(false);
    if (states.isAnswering(call)) change({ deafness, note: deafness });
    else fail(deafness, states.endOf(call, why));
  }

  // A question and its answer

  function ask(times) {
    if (!question()) return;
    latencies.asked(times);
    hearing.forget();
    hearing.begin();
    change(states.asking(question()));
    const choice = choiceOf(call.asked, turns.choices?.() ?? []);
    const id = choice < 0 ? turns.ask(call.asked) : turns.choose(choice);
    if (id) change({ turn: id });
    else if (choice < 0) fail(["voice.closed"]);
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
  function adopt(next) {
    setTimeout(keep, 0, call.heard);
    hearing.forget();
    change(next);
  }

  /** What happens to the page's turns. One that was typed or tapped is the call's as if its question was said. */
  const turn = {
    added({ id, question: typed }) {
      if (!isLive() || (call.state === "thinking" && !call.turn)) return; // it is just being asked
      interrupt();
      adopt(states.asking(typed, id));
    },
    /** Says whether it is the call's. */
    started({ id }) {
      if (!isLive() || (!call.isRepeated && (call.turn ?? id) !== id)) return false;
      if (call.state === "listening" || call.isRepeated) adopt(states.asking("", id));
      else change({ turn: id });
      return true;
    },
    text({ id, text }) {
      if (id === call.turn && text.trim()) latencies.worded();
    },
    ended(ending) {
      if (ending.id === call.turn) change({ outcome: outcomeOf(ending) });
    },
    read(id, hasFailed) {
      if (id !== call.turn) return;
      latencies.end(id);
      change(states.afterReading(call, hasFailed));
      sounds(false);
      hearing.sayingIsOver();
      if (hasFailed) display.fail();
      const { deafness, outcome } = call;
      const outcomes = [hasFailed && states.UNSPOKEN, outcome, deafness].filter(Boolean);
      if (deafness && call.state === "listening") end(deafness);
      if (outcomes.length) announce(...outcomes);
      else display.beep();
    },
  };

  // What the page says

  /** That answer is read from its beginning, by who was told so. */
  function repeat(id) {
    if (!isLive() || id === call.turn) return;
    hush();
    adopt(states.repeating(id));
  }

  function paused(isPaused) {
    if (isLive() && call.isPaused !== isPaused) change({ isPaused });
  }

  /** `isAnswer`: not what was given to `voice.say`. */
  function saying(text, isAnswer) {
    if (isLive() && !(isAnswer && call.state === "listening")) speaking.saying(text, isAnswer);
  }

  function onSilence() {
    if (call.state === "listening" && hearing.words() !== call.heard) hearing.sayingIsOver();
    loss.announceIfQuiet();
  }

  /** Shows and says it, as far as the voice is not paused; null: there is nothing more to say. */
  function tell(note, more) {
    change({ ...more, note });
    if (note && !call.isPaused) announce(note);
  }

  // What goes wrong

  /** `name` is the connection's state (see connection.js), `note` says why it ended for good. */
  function connectionIs(name, note) {
    loss.connectionIs(name);
    if (name === "ended" && isLive()) fail(note);
  }

  /** Nobody speaks, in a call. */
  function isQuiet() {
    return isLive() && hearing.isQuiet() && !(call.state === "listening" && call.heard);
  }

  // What a person does

  function stopAnswer() {
    interrupt({ asked: "" });
    if (call.deafness) fail(call.deafness);
  }

  function mute() {
    if (call.isMuted) input.start();
    else input.stop(!hearing.isSpeech()); // what was said by now is still asked, if it was said to its end
    onSpeech(false);
    change({ isMuted: !call.isMuted, isOpening: call.isMuted });
  }

  function end(note = null, state = "ended") {
    if (note) keep(call.turn ? call.heard : question()); // what was not asked
    input.abort();
    input.clear();
    hush();
    latencies.end(call.turn);
    sole.end();
    change({ state, note, heard: "", turn: null });
  }

  function fail(note, state) {
    end(note, state);
    announce(note);
  }

  /** Nobody waits for the answer any more; without a connection, the question still waits for one. */
  function hangUp() {
    if (call.state === "listening") input.leave();
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

  return { start, leave, turn, repeat, paused, saying, sounds, unwritten: loss.unwritten, connectionIs, isLive };
}
