// Put before page.js: a microphone into which the bench speaks.

const CODE = "TIME CODE"; // replaced: {frequencies, seconds, symbols, gain}
const TAPS = 511;
const HIGHEST_HZ = 6_300; // of what is spoken: above it there is only the time code
const AHEAD_SECONDS = 10;
const SOON_SECONDS = 0.15;
const EAR_MS = 15;
const LOOKS = 30; // of 15 ms
const clocks = [];

/**
 * When a context's samples are due, in milliseconds of performance.now(): at best, since it works ahead in bursts.
 * Where the machine is too busy for its sound, it falls behind: by how much since it was asked last, tells `stalled()`.
 */
function createClock(context) {
  let seen = [];
  let bases = [];
  context.addEventListener("statechange", () => context.state === "running" && ([seen, bases] = [[], []]));

  function look() {
    if (context.state !== "running") return;
    seen.push(performance.now() - 1_000 * context.currentTime);
    if (seen.length > LOOKS) seen.shift();
    if (seen.length === LOOKS) bases.push(Math.min(...seen));
  }

  function stalled() {
    const most = bases.length ? Math.max(...bases) - Math.min(...bases) : 0;
    bases = [];
    return most;
  }

  clocks.push(stalled);
  return { look, at: (seconds) => Math.min(...seen) + 1_000 * seconds };
}

function lowPass(context) {
  const buffer = context.createBuffer(1, TAPS, context.sampleRate);
  const cut = (2 * HIGHEST_HZ) / context.sampleRate;
  const taps = Array.from({ length: TAPS }, (_, at) => {
    const x = at - (TAPS - 1) / 2;
    const turn = (2 * Math.PI * at) / (TAPS - 1);
    const blackman = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    return blackman * (x ? Math.sin(Math.PI * cut * x) / (Math.PI * x) : cut);
  });
  buffer.copyToChannel(Float32Array.from(taps), 0);
  return new ConvolverNode(context, { buffer, disableNormalization: true });
}

/** `surroundings` is a WAV file in base64, which goes on for ever. */
async function createMicrophone(surroundings) {
  const context = new AudioContext();
  const clock = createClock(context);
  const room = lowPass(context);
  const out = new GainNode(context);
  const delay = (TAPS - 1) / 2 / context.sampleRate;
  const begins = context.currentTime + 0.1;
  const tone = new OscillatorNode(context, { frequency: CODE.frequencies[0] });
  const files = new Map();
  let coded = 0;
  room.connect(out);
  tone.connect(new GainNode(context, { gain: CODE.gain })).connect(out);
  tone.start(begins);

  function code() {
    for (; begins + coded * CODE.seconds < context.currentTime + AHEAD_SECONDS; coded++) {
      tone.frequency.setValueAtTime(CODE.frequencies[CODE.symbols[coded]], begins + coded * CODE.seconds);
    }
  }

  code();
  setInterval(code, 1_000);
  setInterval(clock.look, EAR_MS);

  function open() {
    const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    out.connect(destination);
    return destination.stream;
  }

  async function load(name, base64) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    files.set(name, await context.decodeAudioData(bytes.buffer));
  }

  /** Returns when its first sample comes: `begins` of the microphone's time, `at` of the page's. */
  function say(name) {
    const source = new AudioBufferSourceNode(context, { buffer: files.get(name) });
    source.connect(room);
    const when = context.currentTime + SOON_SECONDS;
    source.start(when);
    return { begins: when + delay - begins, at: clock.at(when + delay) };
  }

  await load("room", surroundings);
  const noise = new AudioBufferSourceNode(context, { buffer: files.get("room"), loop: true });
  noise.connect(room);
  noise.start();
  return { context, open, load, say };
}
