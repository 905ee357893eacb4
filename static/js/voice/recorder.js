// Records what is said, and lets Dify write it down.

import { failureWords, t } from "../i18n.js";
import { wavOf } from "./wav.js";

const LEAD_SECONDS = 0.6; // kept from before somebody was noticed to speak
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
    if (!isHandsFree) return seconds >= MAX_SECONDS ? stop() : null;
    isSpoken ||= sound.isSpeech;
    if (!isSpoken) forget();
    else if (sound.quietMs >= pauseMs() || seconds >= MAX_SECONDS) write();
    return null;
  }

  function forget() {
    while (seconds > LEAD_SECONDS + 0.3) seconds -= chunks.shift().length / rate;
  }

  /** Sends what was recorded, and begins anew. */
  async function write() {
    const sound = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of chunks) {
      sound.set(chunk, at);
      at += chunk.length;
    }
    const own = order;
    clear();
    if (!sound.length) return;
    onBusy(true);
    const reply = await transcribe(sound).catch((error) => error);
    if (own !== order) return;
    onBusy(false);
    if (reply instanceof Error) onError("unwritten", t(...failureWords(reply)));
    else received(reply.text);
  }

  function received(text) {
    written = isHandsFree ? text.trim() : `${written} ${text}`.trim();
    onText(written, true);
  }

  async function transcribe(sound) {
    const body = new FormData();
    body.append("file", wavOf(sound, rate), "speech.wav");
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

  const stop = () => write();

  return { name: "recorder", start: reset, hear, stop, reset, abort: reset };
}
