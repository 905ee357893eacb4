// Records what is said, to be written down: in a call, for a try as soon as it is quiet, and whole when the turn is over.

import { randomId } from "../frames.js";

const LEAD_SECONDS = 0.9; // kept from before somebody was noticed to speak
const LOUD_LEAD_SECONDS = 3; // while it is loud, and may turn out to be speech
const DIP_MS = 200; // between two syllables
const MAX_SECONDS = 120;
const SILENCE_MS = 240; // then the transcript is tried: noticed some 30 ms late, it is nearly 0.3 s
const MOST_GUESSES = 3;

/**
 * A backend of speech-input.js. With an `endpoint` (see endpoint.js) it waits for somebody to speak, and hands over when
 * the turn is over, else all that it hears. `onRecorded(recording, isDue)` gets {chunks, rate, utterance, guess} and
 * when there was something to hear: {from, endsAt, silenceAt}; `isDue` is true, or what `stop` was told. `speculate(recording)`
 * makes the guess, or null; `onGuess(text, recording)` tells it while nobody has gone on.
 */
export function createRecorder({ endpoint, speculate, onGuess, onRecorded }) {
  let chunks = [];
  let isSpoken = !endpoint;
  let quietMs = 0;
  let rate, guess, guesses, utterance;
  begin([]);

  function begin(lead) {
    [chunks, guess, guesses, utterance] = [lead, null, 0, endpoint && randomId()];
  }

  function hear(sound) {
    if (chunks.length && sound.rate !== rate) changeMicrophone();
    const before = isSpoken ? quietMs : 0;
    ({ rate, quietMs } = sound);
    chunks.push(sound.samples);
    isSpoken ||= sound.isSpeech;
    if (!isSpoken && seconds() > (quietMs > DIP_MS ? LEAD_SECONDS : LOUD_LEAD_SECONDS)) chunks.shift();
    if (isSpoken && endpoint) judge(before);
    if (seconds() >= MAX_SECONDS) handOver(false);
  }

  /** The sound of another one cannot follow in the same recording. */
  function changeMicrophone() {
    handOver(false);
    begin([]);
  }

  function judge(before) {
    if (quietMs < before && before >= SILENCE_MS) goOn(before);
    if (quietMs >= SILENCE_MS && !guess && guesses < MOST_GUESSES) tryIt();
    if (quietMs >= wait()) handOver(true);
  }

  /** What was tried is void. */
  function goOn(before) {
    endpoint.goesOn(before, guess?.known);
    guess?.abort();
    guess = null;
  }

  function tryIt() {
    const recording = recorded();
    const own = (guess = speculate(recording));
    if (!own) return;
    guesses++;
    own.text.then(
      (text) => known(own, text.trim(), recording),
      () => (own.hasFailed = true),
    );
  }

  function known(own, text, recording) {
    Object.assign(own, { known: text, at: performance.now() });
    if (own === guess) onGuess(text, recording);
  }

  function wait() {
    return guess && !guess.hasFailed && guess.known === undefined ? endpoint.longest() : endpoint.wait(guess?.known);
  }

  const seconds = () => (chunks.length * (chunks[0]?.length ?? 0)) / rate;

  function recorded() {
    const now = performance.now();
    const times = { from: now - 1_000 * seconds(), endsAt: now - quietMs, silenceAt: now - quietMs + SILENCE_MS };
    return { chunks: [...chunks], rate, utterance, guess, ...times };
  }

  /** Returns what `onRecorded` does. */
  function handOver(isDue) {
    if (!isSpoken || !chunks.length) return null;
    const recording = recorded();
    isSpoken = !isDue;
    begin(silence());
    return onRecorded(recording, isDue);
  }

  /** The last of what was recorded: somebody may just begin to speak there, and not be noticed yet. */
  function silence() {
    const count = Math.floor((Math.min(quietMs / 1_000, LEAD_SECONDS) * rate) / chunks[0].length);
    return chunks.slice(chunks.length - count);
  }

  function abort() {
    guess?.abort();
    begin([]);
  }

  return { hear, stop: handOver, abort, isSpoken: () => isSpoken };
}
