// Records what is said, and lets Dify write it down.

import { failureWords } from "../i18n.js";
import { wavOf } from "./wav.js";

const LEAD_SECONDS = 0.9; // kept from before somebody was noticed to speak
const MAX_SECONDS = 120;

/**
 * An ear (see listen.js) that is fed with sound by `hear`. By hand it records until `stop`. Hands free, it records from
 * when somebody speaks until `pauseMs()` of silence, and again.
 */
export function createRecorder({ api, pauseMs, isHandsFree, onText, onBusy, onError }) {
  let chunks = [];
  let seconds = 0;
  let rate = 0;
  let isSpoken = false;
  let written = ""; // by hand, all of it is one text
  let order = 0; // what was recorded before a reset is not wanted any more

  function hear(sound) {
    rate = sound.rate;
    chunks.push(sound.samples);
    seconds += sound.samples.length / rate;
    isSpoken ||= sound.isSpeech || !isHandsFree;
    while (!isSpoken && seconds > LEAD_SECONDS) seconds -= chunks.shift().length / rate;
    const isPause = isHandsFree && isSpoken && sound.quietMs >= pauseMs();
    if (isPause || seconds >= MAX_SECONDS) write();
  }

  /** Sends what was recorded, and begins anew. */
  async function write() {
    const [own, recorded] = [order, chunks];
    clear();
    if (!recorded.length) return;
    onBusy(true);
    const reply = await transcribe(recorded).catch((error) => error);
    if (own !== order) return;
    onBusy(false);
    if (reply instanceof Error) return onError("unwritten", failureWords(reply));
    written = isHandsFree ? reply.text.trim() : `${written} ${reply.text}`.trim();
    onText(written, true);
  }

  async function transcribe(recorded) {
    const body = new FormData();
    body.append("file", await wavOf(recorded, rate), "speech.wav");
    return api.call("/api/audio-to-text", { method: "POST", body });
  }

  function clear() {
    [chunks, seconds, isSpoken] = [[], 0, false];
  }

  function reset() {
    order++;
    written = "";
    clear();
  }

  return { name: "recorder", start: reset, hear, stop: write, reset, abort: reset };
}
