// Speech faster or slower at the same pitch: waveform similarity overlap-add (W. Verhelst and M. Roelands, 1993). Pure.

const FRAME_SECONDS = 0.03; // a few periods of a voice
const SEEK_SECONDS = 0.008; // so far from its due place a piece may be taken, to go on where the wave was
const STRIDE = 4; // samples that are skipped while two pieces are compared

/** `samples` of one channel, at `sampleRate`, so that they last 1/`rate` as long. */
export function stretch(samples, sampleRate, rate) {
  const hop = Math.round((sampleRate * FRAME_SECONDS) / 2);
  const seek = Math.round(sampleRate * SEEK_SECONDS);
  if (samples.length < 3 * hop + seek) return samples; // a sound too short to be one of a voice
  const result = new Float32Array(Math.round(samples.length / rate));
  result.set(samples.subarray(0, hop));
  let from = hop; // where the wave that was just written goes on
  for (let at = hop; at < result.length; at += hop) {
    const due = Math.round(at * rate);
    const start = bestStart(samples, from, Math.max(0, due - seek), Math.min(due + seek, samples.length - hop), hop);
    fade(result, at, samples, from, start, hop);
    from = start + hop;
  }
  return result;
}

/** Where, from `first` to `last`, the wave is most like the one at `from`. */
function bestStart(samples, from, first, last, length) {
  let [best, most] = [Math.max(0, last), -Infinity];
  for (let start = first; start <= last; start += STRIDE / 2) {
    let [product, energy] = [0, 1e-9];
    for (let at = 0; at < length; at += STRIDE) {
      const sample = samples[start + at];
      product += sample * (samples[from + at] ?? 0);
      energy += sample * sample;
    }
    if (product / Math.sqrt(energy) > most) [best, most] = [start, product / Math.sqrt(energy)];
  }
  return best;
}

/** From the wave at `from` into the one at `start`, over `length` samples. */
function fade(result, at, samples, from, start, length) {
  const end = Math.min(length, result.length - at);
  for (let each = 0; each < end; each++) {
    const share = each / length;
    result[at + each] = (samples[from + each] ?? 0) * (1 - share) + (samples[start + each] ?? 0) * share;
  }
}
