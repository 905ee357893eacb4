// Recordings on their way to text: one after the other, written down by Dify. What cannot be sent now is kept.

import { failureWords } from "../i18n.js";
import { wavOf } from "./wav.js";

const MOST_SECONDS = 600; // of sound that is kept: some 20 MB

const wordsFor = (error) => failureWords(error.reason || error.code ? error : { reason: "no_connection" });

/** `onChange({isWriting, why})` tells how it stands: `why` are the words for what keeps it from going on, or null. */
export function createTranscriber({ api, onChange }) {
  const waiting = []; // {sound, seconds, resolve}
  let why = null;
  let sending = null; // aborts what is being sent

  /** Takes a recording; returns its text, however long that takes, and "" where it was given up. */
  function transcribe({ chunks, rate }) {
    const seconds = (chunks.length * chunks[0].length) / rate;
    const sound = wavOf(chunks, rate);
    sound.catch(() => {}); // looked at when its turn comes
    return new Promise((resolve) => {
      waiting.push({ sound, seconds, resolve });
      work();
    });
  }

  async function work() {
    if (sending) return;
    [sending, why] = [new AbortController(), null];
    while (waiting.length && !why) {
      notify();
      await write(waiting[0], sending.signal).catch((error) => (why = wordsFor(error)));
    }
    sending = null;
    notify();
  }

  async function write({ sound, resolve }, signal) {
    const body = new FormData();
    body.append("file", await sound, "speech.wav");
    const { text } = await api.call("api/audio-to-text", { method: "POST", body, signal });
    waiting.shift();
    resolve(text);
  }

  const notify = () => onChange({ isWriting: Boolean(sending), why });

  /** Does not wait for a network that is gone: it may take minutes to say so. */
  const pause = () => sending?.abort();

  function discard() {
    for (const { resolve } of waiting.splice(0)) resolve("");
    work();
  }

  const isBusy = () => waiting.length > 0;
  const isFull = () => waiting.reduce((sum, { seconds }) => sum + seconds, 0) > MOST_SECONDS;

  return { transcribe, tryAgain: work, pause, discard, isBusy, isFull };
}
