// In the page, before its own code: ears for what the page says and sends, and what the bench asks for. Times are
// milliseconds of performance.now(); those of the microphone are seconds since its time code began (timecode.py).

const BLOCK_MS = 5;
const LOUD = 0.01; // root mean square
const HANGOVER_MS = 20;
const log = []; // {kind, at, ...}: asked, stopped, delta, over; and sounds {kind: "sound", at, ends}
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let microphone, room;
navigator.mediaDevices.getUserMedia = async () => {
  microphone ??= await createMicrophone(room);
  return microphone.open();
};
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
  /** The noise of the room in which is called, from the first moment on. */
  enter: (file) => (room = file),
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
