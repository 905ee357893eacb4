// Records what is said, and lets Dify write it down.

import { failureWords } from "../i18n.js";
import { wavOf } from "./wav.js";

const LEAD_SECONDS = 0.9; // kept from before somebody was noticed to speak
const MAX_SECONDS = 120;

/** An ear (see listen.js). With `pauseMs()` it waits for somebody to speak, and writes after that much silence. */
export function createRecorder({ api, pauseMs, onText, onDoing }) {
  let chunks = [];
  let rate, isSpoken, isUnwanted;
  let written = "";

  function hear(sound) {
    rate = sound.rate;
    chunks.push(sound.samples);
    const seconds = (chunks.length * sound.samples.length) / rate;
    isSpoken ||= sound.isSpeech || !pauseMs;
    if (!isSpoken && seconds > LEAD_SECONDS) chunks.shift();
    if ((isSpoken && sound.quietMs >= pauseMs?.()) || seconds >= MAX_SECONDS) write();
  }

  /** Sends what was recorded, and begins anew. */
  async function write() {
    const recorded = chunks;
    [chunks, isSpoken] = [[], false];
    if (!recorded.length) return;
    onDoing("writing");
    const reply = await transcribe(recorded).catch((error) => error);
    if (isUnwanted) return;
    if (reply instanceof Error) return onDoing("unwritten", failureWords(reply));
    onDoing("recorder");
    written = `${written} ${reply.text}`.trim();
    onText(written, true);
  }

  async function transcribe(recorded) {
    const body = new FormData();
    body.append("file", await wavOf(recorded, rate), "speech.wav");
    return api.call("/api/audio-to-text", { method: "POST", body });
  }

  return { hear, stop: write, abort: () => (isUnwanted = true) };
}
