// Recordings on their way to text: one after the other, written down by Dify. What cannot be sent now is kept.

import { failureWords } from "../i18n.js";
import { withoutPhantoms } from "./phantoms.js";
import { wavOf } from "./wav.js";

const MOST_SECONDS = 600; // of sound that is kept: some 20 MB
const PATIENCE_MS = 10_000; // and twice as long as the recording: small models and lines take their time for a long one
const REFUSED = ["invalid", "unsupported_audio", "too_large"]; // for good, or by a model that fails
const AGAIN_MS = 5_000; // doubled each time
const LONGEST_MS = 60_000;
const MOST_TRIES = 8; // by itself: in five minutes

function wordsFor(error) {
  if (error.isLate) return ["voice.late"];
  return failureWords(error.reason || error.code ? error : { reason: "no_connection" });
}

const secondsIn = ({ chunks, rate }) => (chunks.length * chunks[0].length) / rate;

/**
 * `onChange({isWriting, why, isNew})` tells how it stands: `why` are the words for what keeps it from going on, or null,
 * `isNew` if it is not so since an earlier try. `onRefused()` tells that what somebody said in a call is given up: it
 * was refused twice, and would keep all that comes after it from being written down.
 */
export function createTranscriber({ api, onChange, onRefused = () => {} }) {
  const waiting = []; // {recording, seconds, resolve}
  let why = null;
  let sending = null; // aborts what is being sent
  let guessing = null;
  let again;
  let failures = 0; // in a row

  /**
   * Takes a recording {chunks, rate, utterance, guess?}; returns its text, however long that takes; "" where it was
   * given up, null where somebody discarded it. All of one `utterance` count as one call. `guess` is what `speculate`
   * made of it, if it did.
   */
  function transcribe({ chunks, rate, utterance, guess }) {
    const seconds = secondsIn({ chunks, rate });
    const sound = guess?.sound ?? wavOf(chunks, rate);
    sound.catch(() => {}); // looked at when its turn comes
    return new Promise((resolve) => {
      waiting.push({ sound, seconds, utterance, guess, resolve });
      work();
    });
  }

  /** Writes down at once what may not be all, without keeping it: {text: Promise, sound, abort()}. */
  function speculate({ chunks, rate, utterance }) {
    guessing = new AbortController();
    const sound = wavOf(chunks, rate);
    const text = send({ sound, utterance, seconds: secondsIn({ chunks, rate }) }, guessing);
    return { sound, text, abort: guessing.abort.bind(guessing) };
  }

  async function work() {
    if (sending) return;
    clearTimeout(again);
    why = null;
    while (waiting.length && !why) {
      sending = new AbortController();
      notify();
      const [recording] = waiting;
      await write(recording, sending).catch((error) => failed(recording, error));
    }
    sending = null;
    notify();
  }

  function failed(recording, error) {
    if (waiting[0] !== recording) return; // given up
    const { utterance, wasRefused } = recording;
    const isRefused = (recording.wasRefused = REFUSED.includes(error.reason));
    if (utterance && wasRefused && isRefused) {
      done(recording, "");
      return onRefused();
    }
    why = wordsFor(error);
    const pause = Math.min(LONGEST_MS, AGAIN_MS * 2 ** failures++);
    if (failures < MOST_TRIES) again = setTimeout(work, Math.max(error.retry_after ?? 0, pause));
  }

  function done(recording, text) {
    failures = 0;
    if (waiting[0] === recording) waiting.shift();
    recording.resolve(text);
  }

  async function write(recording, controller) {
    const { guess } = recording;
    recording.guess = null; // the next try is one of its own
    const resend = (error) => {
      if (error.isLate) throw error; // who has waited for so long does not wait as long again
      return send(recording, controller);
    };
    done(recording, await (guess?.text.catch(resend) ?? send(recording, controller)));
  }

  async function send({ sound, utterance, seconds }, controller) {
    const body = new FormData();
    body.append("file", await sound, "speech.wav");
    const path = `api/audio-to-text${utterance ? `?utterance=${utterance}` : ""}`;
    let isLate = false;
    const timer = setTimeout(giveUp, PATIENCE_MS + 2_000 * seconds);
    function giveUp() {
      isLate = true;
      controller.abort();
    }
    try {
      return withoutPhantoms((await api.call(path, { method: "POST", body, signal: controller.signal })).text);
    } catch (error) {
      throw Object.assign(error, { isLate });
    } finally {
      clearTimeout(timer);
    }
  }

  const notify = () => onChange({ isWriting: Boolean(sending), why, isNew: failures === 1 });

  /** Does not wait for a network that is gone: it may take minutes to say so. */
  function pause() {
    guessing?.abort();
    sending?.abort();
  }

  function discard() {
    pause();
    failures = 0;
    for (const { resolve } of waiting.splice(0)) resolve(null);
    work();
  }

  const isBusy = () => waiting.length > 0;
  const isFull = () => waiting.reduce((sum, { seconds }) => sum + seconds, 0) > MOST_SECONDS;

  return { transcribe, speculate, tryAgain: work, pause, discard, isBusy, isFull };
}
