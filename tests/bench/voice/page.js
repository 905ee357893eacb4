// In the page, before its own code: a microphone into which the bench speaks, and ears for what the page says. Times
// are milliseconds of performance.now(); those of the microphone are seconds since its time code began (timecode.py).

{
  const CODE = "TIME CODE"; // replaced: {frequencies, seconds, symbols, gain}
  const TAPS = 511;
  const HIGHEST_HZ = 6_300; // of what is spoken: above it there is only the time code
  const AHEAD_SECONDS = 10;
  const SOON_SECONDS = 0.15;
  const EAR_MS = 15;
  const BLOCK_MS = 5;
  const LOOKS = 30; // of 15 ms
  const LOUD = 0.01; // root mean square
  const HANGOVER_MS = 20;
  const log = []; // {kind, at, ...}: asked, stopped, delta, over; and sounds {kind: "sound", at, ends}
  const clocks = [];
  const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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

  // The microphone

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

  function createMicrophone() {
    const context = new AudioContext();
    const clock = createClock(context);
    const room = lowPass(context);
    const out = new GainNode(context);
    const delay = (TAPS - 1) / 2 / context.sampleRate;
    const begins = context.currentTime + 0.1;
    const tone = new OscillatorNode(context, { frequency: CODE.frequencies[0] });
    const files = new Map();
    let coded = 0;
    let noise = null;
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

    /** Instead of the one before. */
    function surround(name) {
      noise?.stop();
      noise = new AudioBufferSourceNode(context, { buffer: files.get(name), loop: true });
      noise.connect(room);
      noise.start();
    }

    return { context, open, load, say, surround };
  }

  let microphone;
  navigator.mediaDevices.getUserMedia = async () => (microphone ??= createMicrophone()).open();
  window.SpeechRecognition = window.webkitSpeechRecognition = undefined;
  speechSynthesis.getVoices = () => [];

  // The ears

  const connect = AudioNode.prototype.connect;
  const ears = new WeakMap(); // of contexts

  AudioNode.prototype.connect = function (to, ...rest) {
    const isHeard = to instanceof AudioDestinationNode && to.context instanceof AudioContext;
    if (isHeard && to.context !== microphone?.context) connect.call(this, earOf(to.context));
    return connect.call(this, to, ...rest);
  };

  function earOf(context) {
    if (ears.has(context)) return ears.get(context);
    const ear = new AnalyserNode(context, { fftSize: 8_192 });
    const clock = createClock(context);
    let heardUntil = context.currentTime;

    function listen() {
      const samples = new Float32Array(ear.fftSize);
      ear.getFloatTimeDomainData(samples);
      const now = context.currentTime;
      const size = Math.round((BLOCK_MS / 1_000) * context.sampleRate);
      const count = Math.min(Math.floor(((now - heardUntil) * context.sampleRate) / size), Math.floor(samples.length / size));
      clock.look();
      for (let left = count; left > 0; left--) {
        const block = samples.subarray(samples.length - left * size, samples.length - (left - 1) * size);
        const level = Math.sqrt(block.reduce((sum, sample) => sum + sample * sample, 0) / size);
        if (level > LOUD) heard(clock.at(now - (left * size) / context.sampleRate));
      }
      if (count) heardUntil = now;
    }

    ears.set(context, ear);
    setInterval(listen, EAR_MS);
    return ear;
  }

  let sound = null;

  function heard(at) {
    if (!sound || at > sound.ends + HANGOVER_MS) log.push((sound = { kind: "sound", at, ends: at }));
    sound.ends = Math.max(sound.ends, at + BLOCK_MS);
  }

  // How late the page's own work is on this machine: what is measured is no better than that.

  let lateness = 0;
  let ticked = performance.now();

  function tick() {
    lateness = Math.max(lateness, performance.now() - ticked - EAR_MS);
    ticked = performance.now();
  }

  setInterval(tick, EAR_MS);

  const hasSound = () => Boolean(sound) && performance.now() - sound.ends < 120;

  // What goes over the wire

  const seen = new Set(); // ids of answers of which text has come

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => received(JSON.parse(data)));
    }

    send(data) {
      sent(JSON.parse(data));
      super.send(data);
    }
  };

  function sent({ type, id, content }) {
    if (type === "chat") log.push({ kind: "asked", at: performance.now(), id, text: content });
    if (type === "stop") log.push({ kind: "stopped", at: performance.now(), id });
  }

  function received({ type, id }) {
    if (type === "chat") log.push({ kind: "over", at: performance.now(), id });
    if (type !== "chat_delta" || seen.has(id)) return;
    seen.add(id);
    log.push({ kind: "delta", at: performance.now(), id });
  }

  // What the bench asks for

  const has = (kind, since) => log.some((event) => event.kind === kind && (event.ends ?? event.at) >= since);

  /** Whether that came to be within these milliseconds. */
  async function within(ms, isSo) {
    for (const until = performance.now() + ms; performance.now() < until; await later(10)) if (isSo()) return true;
    return false;
  }

  const untilAt = (at) => later(Math.max(0, at - performance.now()));

  const bench = {
    isOpen: () => Boolean(microphone),
    load: (name, base64) => microphone.load(name, base64),
    say: (name) => microphone.say(name),
    surround: (name) => microphone.surround(name),
    now: () => performance.now(),
    untilAt,
    take: (since) => log.filter(({ at, ends }) => (ends ?? at) >= since).map((event) => ({ ...event })),
    /** By how many milliseconds sound, and the page's own work, were late at most since that was asked last. */
    lateness() {
      const told = { sound: Math.max(0, ...clocks.map((stalled) => stalled())), page: lateness };
      lateness = 0;
      return told;
    },
    /** Until something was asked after that moment, and is answered in sound. */
    async answered(at, patience) {
      await untilAt(at);
      const isAsked = await within(patience, () => has("asked", at));
      const asked = log.find((event) => event.kind === "asked" && event.at >= at);
      return isAsked && within(6_000, () => has("sound", asked.at + 50) && hasSound());
    },
    sounds: (ms) => within(ms, hasSound),
    isSilentWithin: (ms) => within(ms, () => !hasSound()),
    /** The end of an answer that is read to its end. */
    async finished() {
      let quietSince = performance.now();
      return within(40_000, () => {
        if (hasSound()) quietSince = performance.now();
        return performance.now() - quietSince > 1_200;
      });
    },
    /** As by a tap. */
    async interrupt() {
      const buttons = [...document.querySelectorAll("#call button")];
      const found = buttons.find((each) => !each.disabled && /interrupt|打断/i.test(`${each.ariaLabel} ${each.title} ${each.textContent}`));
      found?.click();
      return found ? within(1_000, () => !hasSound()) : bench.finished();
    },
    isLive: () => ["listening", "thinking", "speaking"].includes(document.querySelector("#call")?.dataset.state),
    state: () => document.querySelector("#call")?.dataset.state,
  };
  window.bench = bench;
}
