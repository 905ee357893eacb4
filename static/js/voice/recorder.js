// Records what is said, and lets Dify write it down.

import { failureWords } from "../i18n.js";
import { wavOf } from "./wav.js";

const LEAD_SECONDS = 0.9; // kept from before somebody was noticed to speak
const MAX_SECONDS = 120;

/**
 * An ear (see listen.js). Without `pauseMs` it records until `stop`; else from when somebody speaks until `pauseMs()` of
 * silence, and again.
 */
export function createRecorder({ api, pauseMs, onText, onDoing }) {
  let chunks = [];
  let seconds = 0;
  let rate = 0;
  let isSpoken = false;
  let isWanted = true;
  let written = "";

  function hear(sound) {
    rate = sound.rate;
    chunks.push(sound.samples);
    seconds += sound.samples.length / rate;
    isSpoken ||= sound.isSpeech || !pauseMs;
    while (!isSpoken && seconds > LEAD_SECONDS) seconds -= chunks.shift().length / rate;
    if ((isSpoken && sound.quietMs >= pauseMs?.()) || seconds >= MAX_SECONDS) write();
  }

  /** Sends what was recorded, and begins anew. */
  async function write() {
    const recorded = chunks;
    [chunks, seconds, isSpoken] = [[], 0, false];
    if (!recorded.length) return;
    onDoing("writing");
    const reply = await transcribe(recorded).catch((error) => error);
    if (!isWanted) return;
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

  return { hear, stop: write, abort: () => (isWanted = false) };
}
