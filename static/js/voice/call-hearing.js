// What a call hears besides the page's own voice, and whether it is for the page.

import { createBargeIn, isStale } from "./barge-in.js";
import { isBackchannel, isFiller } from "./completeness.js";
import { createHold } from "./hold.js";

/**
 * `input()` is the speech input of the moment (see speech-input.js), `call()` the call; `voice` as for hold.js.
 * `take(words, due)` gets what others said since the last question, letter for letter: `due` is null until the turn that
 * it is is over, then {times, isByHand}. `onHold()` tells that the voice is held, or goes on.
 */
export function createCallHearing({ input, call, voice, take, onHold }) {
  let results = [];
  let due = null;
  let talk = createBargeIn(() => false);
  const hold = createHold(voice, held);
  const isRecorded = () => input().mode() === "recorder";
  const words = () => talk.wordsOfOthers(results);

  /** What was heard before is nothing to what comes. */
  function begin() {
    [results, due] = [[], null];
    talk = createBargeIn(input().hasLevel);
  }

  function hears(all, itsDue) {
    [results, due] = [all, itsDue];
    const { state, isPaused } = call();
    const isUnderWay = state === "thinking" || isPaused || talk.isSounding() || hold.isOn(); // as far as one hears
    const isNoTurn = state === "listening" ? isFiller : isBackchannel; // over a notice, a yes is an answer
    if (isUnderWay && isNoTurn(words())) goOn();
    else if (!talk.isSounding() || talk.interrupts(all) || (due && isRecorded())) takeWords();
  }

  /** Nobody wants the turn. */
  function goOn() {
    if (!talk.isSpeech()) hold.release();
    if (results.length && isRecorded() && isFiller(words())) input().clear();
  }

  function takeWords() {
    take(words(), due?.isByHand || !talk.isSpeech() ? due : null);
  }

  function forget() {
    input().clear();
    [results, due] = [[], null];
  }

  /** What did not seem enough to interrupt was said all the same. */
  function sayingIsOver() {
    if (isStale(words(), results)) forget();
    takeWords();
  }

  /** What the page says is held as soon as somebody speaks; only words interrupt it. */
  function speech(isOn) {
    talk.speech(isOn);
    holdIfTalkedOver();
    hold.speech(isOn, input().lagMs());
  }

  function held(isOn) {
    talk.sounds(!isOn);
    onHold();
  }

  const holdIfTalkedOver = () => talk.isSpeech() && talk.isSounding() && hold.start();

  /** The page begins, or ends, to sound. */
  function pageSounds(isOn) {
    talk.sounds(isOn);
    if (isOn) setTimeout(holdIfTalkedOver); // when the engine has begun
  }

  return {
    ...{ begin, hears, forget, sayingIsOver, speech, pageSounds, words, endHold: hold.end },
    pageSays: (text) => talk.says(text),
    now: () => ({ isSpeech: talk.isSpeech(), isSounding: talk.isSounding(), isHeld: hold.isOn() }),
    isSpeech: () => talk.isSpeech(),
    isSounding: () => talk.isSounding(),
    isQuiet: () => !talk.isSounding() && !talk.isSpeech() && !hold.isOn(),
  };
}
