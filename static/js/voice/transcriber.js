// Recordings on their way to text: one after the other, written down by Dify. What cannot be sent now is kept.

import { failureWords } from "../i18n.js";
import { wavOf } from "./wav.js";

const MOST_SECONDS = 600; // of sound that is kept: some 20 MB

const wordsFor = (error) => failureWords(error.reason || error.code ? error : { reason: "no_connection" });

/** `onChange({isWriting, why})` tells how it stands: `why` are the words for what keeps it from going on, or null. */
export function createTranscriber({ api, onChange }) {
  const waiting = []; // {recording, seconds, resolve}
  let why = null;
  let sending = null; // aborts what is being sent
  let guessing = null;

  /**
   * Takes a recording {chunks, rate, utterance, guess?}; returns its text, however long that takes, and "" where it was
   * given up. All of one `utterance` count as one call. `guess` is what `speculate` made of it, if it did.
   */
  function transcribe({ chunks, rate, utterance, guess }) {
    const seconds = (chunks.length * chunks[0].length) / rate;
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
    const { signal } = guessing;
    return { sound, text: send({ sound, utterance }, signal), abort: guessing.abort.bind(guessing) };
  }

  async function work() {
    if (sending) return;
    [sending, why] = [new AbortController(), null];
    while (waiting.length && !why) {
      notify();
      await write(waiting[0], sending.signal).catch((error) => waiting.length && (why = wordsFor(error)));
    }
    sending = null;
    notify();
  }

  async function write(recording, signal) {
    const text = await (recording.guess?.text.catch(() => send(recording, signal)) ?? send(recording, signal));
    if (waiting[0] === recording) waiting.shift();
    recording.resolve(text);
  }

  async function send({ sound, utterance }, signal) {
    const body = new FormData();
    body.append("file", await sound, "speech.wav");
    const path = `api/audio-to-text${utterance ? `?utterance=${utterance}` : ""}`;
    return (await api.call(path, { method: "POST", body, signal })).text;
  }

  const notify = () => onChange({ isWriting: Boolean(sending), why });

  /** Does not wait for a network that is gone: it may take minutes to say so. */
  function pause() {
    guessing?.abort();
    sending?.abort();
  }

  function discard() {
    pause();
    for (const { resolve } of waiting.splice(0)) resolve("");
    work();
  }

  const isBusy = () => waiting.length > 0;
  const isFull = () => waiting.reduce((sum, { seconds }) => sum + seconds, 0) > MOST_SECONDS;

  return { transcribe, speculate, tryAgain: work, pause, discard, isBusy, isFull };
}
