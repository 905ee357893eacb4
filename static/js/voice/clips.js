// Dify's voice: each sentence comes as a piece of audio, and the pieces are played without a gap.

import { stretch } from "./stretch.js";

const LEAD_SECONDS = 0.15; // so long before its end a piece counts as played, and the next is put in line
const PATIENCE_MS = 15_000;
const UNLOCK_PATIENCE_MS = 2_000;

/** A way of speaking. `context()` gives the AudioContext, `settings()` {rate}, `api` is the page's. */
export function createClips({ api, context, settings }) {
  const sources = new Set();
  let endsAt = 0; // on the context's clock
  let loading = new AbortController();

  async function load(text) {
    const audio = await context().decodeAudioData(await within(PATIENCE_MS, fetched(text)));
    return stretch(audio, settings().rate, (length) => context().createBuffer(1, length, audio.sampleRate));
  }

  async function fetched(text) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ text });
    const response = await api.fetch("/api/text-to-audio", { method: "POST", headers, body, signal: loading.signal });
    if (!response.ok) throw new Error(`no audio: ${response.status}`);
    return response.arrayBuffer();
  }

  async function play(buffer) {
    await within(UNLOCK_PATIENCE_MS, context().resume()); // else one that no tap has unlocked would swallow everything
    const source = new AudioBufferSourceNode(context(), { buffer });
    source.connect(context().destination);
    source.start(Math.max(endsAt, context().currentTime));
    endsAt = Math.max(endsAt, context().currentTime) + buffer.duration;
    sources.add(source);
    source.onended = () => sources.delete(source);
    await until(endsAt - LEAD_SECONDS);
  }

  const until = (time) => new Promise((resolve) => setTimeout(resolve, (time - context().currentTime) * 1_000));

  function cancel() {
    loading.abort();
    loading = new AbortController();
    for (const source of sources) source.stop();
    sources.clear();
    endsAt = 0;
  }

  return { load, play, silence: () => until(endsAt), cancel };
}

function within(ms, promise) {
  const tooLong = new Promise((_, reject) => setTimeout(reject, ms, new Error("too slow")));
  return Promise.race([promise, tooLong]);
}
