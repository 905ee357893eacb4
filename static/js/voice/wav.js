// Samples to a WAV file as speech recognition likes it: 16 kHz, mono, 16 bit.

export const RATE = 16_000;
const ZEROS = 8; // of the low-pass filter, to each side
const STEPS = 256; // of its table, between two zeros

let kernel = null;

/** A windowed sinc at STEPS per zero. */
function table() {
  kernel ??= Float32Array.from({ length: ZEROS * STEPS + 1 }, (_, index) => {
    const x = (Math.PI * index) / STEPS;
    return (index ? Math.sin(x) / x : 1) * Math.cos(x / ZEROS / 2) ** 2;
  });
  return kernel;
}

/** `samples` at RATE: what lies above the new rate's range is filtered out, and does not come back as noise. */
export function resample(samples, rate) {
  const step = rate / RATE;
  const scale = Math.min(1, 1 / step);
  const reach = ZEROS / scale;
  const filter = table();
  return Float32Array.from({ length: Math.floor(samples.length / step) }, (_, at) => {
    const centre = at * step;
    let sum = 0;
    for (let index = Math.max(0, Math.ceil(centre - reach)); index <= centre + reach; index++) {
      sum += (samples[index] ?? 0) * filter[Math.round(Math.abs(index - centre) * scale * STEPS)];
    }
    return sum * scale;
  });
}

/** A Blob with `samples` (-1 to 1, at `rate`) as a WAV file. */
export function wavOf(samples, rate) {
  const sound = resample(samples, rate);
  const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  const put = (at, text) => [...text].forEach((char, index) => view.setUint8(at + index, char.charCodeAt(0)));
  put(0, "RIFF");
  view.setUint32(4, 36 + 2 * sound.length, true);
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // plain samples
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  put(36, "data");
  view.setUint32(40, 2 * sound.length, true);
  sound.forEach((value, at) => view.setInt16(44 + 2 * at, Math.max(-1, Math.min(1, value)) * 32_767, true));
  return new Blob([view], { type: "audio/wav" });
}
