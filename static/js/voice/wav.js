// Recorded sound to a WAV file as speech recognition likes it: 16 kHz, mono, 16 bit.

export const RATE = 16_000;

/** `chunks` are samples from -1 to 1. The browser changes their `rate`: it knows how, without noise. */
export async function wavOf(chunks, rate) {
  const samples = new Float32Array(await new Blob(chunks).arrayBuffer());
  const context = new OfflineAudioContext(1, Math.ceil((samples.length * RATE) / rate), RATE);
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  return fileOf((await context.startRendering()).getChannelData(0));
}

/** RIFF, as Microsoft's and IBM's "Multimedia Programming Interface" of 1991 has it; words are little endian. */
export function fileOf(samples) {
  const sound = Int16Array.from(samples, (value) => Math.max(-1, Math.min(1, value)) * 32_767);
  const form = [16, 0x0001_0001, RATE, 2 * RATE, 0x0010_0002]; // length; PCM, one channel; rates; bits, bytes a sample
  const head = ["RIFF", word(36 + sound.byteLength), "WAVE", "fmt ", ...form.map(word), "data", word(sound.byteLength)];
  return new Blob([...head, sound], { type: "audio/wav" });
}

const word = (value) => new Uint32Array([value]);
