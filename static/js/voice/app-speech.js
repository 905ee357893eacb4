// Dify's voice: each sentence comes as a piece of audio, and the pieces are played without a gap.

const LEAD_SECONDS = 0.15; // so long before its end a piece counts as played, and the next is put in line
const LOAD_TIMEOUT_MS = 15_000;
const UNLOCK_TIMEOUT_MS = 2_000;

/** A speech engine (see read-aloud.js). `api` is the page's. */
export function createAppSpeech(api) {
  const sources = new Set();
  let context = null; // not before it is needed: browsers wait for a tap
  let endsAt = 0; // on the context's clock
  let loading = new AbortController();

  const audio = () => (context ??= new AudioContext());

  const unlock = () => audio().resume().catch(() => {});

  const load = (text) => Promise.race([fetched(text), timeout(LOAD_TIMEOUT_MS)]);

  async function fetched(text) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ text });
    const { signal } = loading;
    const response = await api.fetch("api/text-to-audio", { method: "POST", headers, body, signal });
    if (!response.ok) throw new Error(`no audio: ${response.status}`);
    return audio().decodeAudioData(await response.arrayBuffer());
  }

  async function play(buffer) {
    // One that no tap has unlocked would swallow everything.
    await Promise.race([audio().resume(), timeout(UNLOCK_TIMEOUT_MS)]);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    endsAt = Math.max(endsAt, context.currentTime);
    source.start(endsAt);
    endsAt += buffer.duration;
    sources.add(source);
    source.onended = () => sources.delete(source);
    await until(endsAt - LEAD_SECONDS);
  }

  const until = (time) => new Promise((resolve) => setTimeout(resolve, (time - context.currentTime) * 1_000));

  function cancel() {
    loading.abort();
    loading = new AbortController();
    for (const source of sources) source.stop();
    endsAt = 0;
  }

  return { unlock, load, play, silence: () => until(endsAt), cancel };
}

const timeout = (ms) => new Promise((_, reject) => setTimeout(reject, ms, new Error("it took too long")));
