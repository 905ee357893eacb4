// Speech faster or slower at the same pitch: pieces are laid over each other where they fit best (WSOLA).

const PIECE_SECONDS = 0.03;
const SEARCH_SECONDS = 0.008;

/** `audio` (an AudioBuffer) at `rate` times its speed, in one channel, in a buffer that `create(length)` makes. */
export function stretch(audio, rate, create) {
  if (rate === 1) return audio;
  const samples = stretched(audio.getChannelData(0), rate, audio.sampleRate);
  const buffer = create(samples.length);
  buffer.getChannelData(0).set(samples);
  return buffer;
}

export function stretched(samples, rate, sampleRate) {
  const half = Math.round((PIECE_SECONDS * sampleRate) / 2);
  const search = Math.round(SEARCH_SECONDS * sampleRate);
  const out = new Float32Array(Math.max(1, Math.round(samples.length / rate)));
  let from = 0; // where in samples the piece begins
  for (let at = 0; at < out.length; at += half) {
    for (let index = 0; index < 2 * half && at + index < out.length; index++) {
      const weight = 0.5 - 0.5 * Math.cos((Math.PI * index) / half);
      out[at + index] += (samples[from + index] ?? 0) * (at === 0 && index < half ? 1 : weight);
    }
    from = bestMatch(samples, from + half, Math.round((at + half) * rate), search, half);
  }
  return out;
}

/** The place near `wanted` that is most like what follows naturally at `natural`. */
function bestMatch(samples, natural, wanted, search, length) {
  let best = Math.max(0, wanted);
  let highest = -Infinity;
  for (let at = Math.max(0, wanted - search); at <= wanted + search; at += 4) {
    let likeness = 0;
    for (let index = 0; index < length; index += 4) likeness += (samples[at + index] ?? 0) * (samples[natural + index] ?? 0);
    if (likeness > highest) [best, highest] = [at, likeness];
  }
  return best;
}
