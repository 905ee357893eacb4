// Records what is said, to be written down.

const LEAD_SECONDS = 0.9; // kept from before somebody was noticed to speak
const LOUD_LEAD_SECONDS = 3; // while it is loud, and may turn out to be speech
const DIP_MS = 200; // between two syllables
const MAX_SECONDS = 120;

/**
 * A backend of speech-input.js. With `pauseMs()` it waits for somebody to speak, and hands over after that much
 * silence; `onRecorded({chunks, rate, from, endsAt}, isDue)` gets samples, and from when to when there was something
 * to hear.
 */
export function createRecorder({ pauseMs, onRecorded }) {
  let chunks = [];
  let rate, isSpoken, quietMs;

  function hear(sound) {
    ({ rate, quietMs } = sound);
    chunks.push(sound.samples);
    isSpoken ||= sound.isSpeech || !pauseMs;
    if (!isSpoken && seconds() > (quietMs > DIP_MS ? LEAD_SECONDS : LOUD_LEAD_SECONDS)) chunks.shift();
    if (isSpoken && quietMs >= pauseMs?.()) handOver(true);
    else if (seconds() >= MAX_SECONDS) handOver(false);
  }

  const seconds = () => (chunks.length * chunks[0].length) / rate;

  /** Returns what `onRecorded` does. */
  function handOver(isDue) {
    if (!isSpoken || !chunks.length) return null;
    const now = performance.now();
    const recording = { chunks, rate, from: now - 1_000 * seconds(), endsAt: now - quietMs };
    [chunks, isSpoken] = [[], !isDue];
    return onRecorded(recording, isDue);
  }

  return { hear, stop: () => handOver(true), abort() {} };
}
