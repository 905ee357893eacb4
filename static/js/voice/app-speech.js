// Dify's voice: each sentence comes as a piece of audio, or the app speaks by itself; without a gap.

import { createBackOff } from "./back-off.js";
import { createMp3 } from "./mp3.js";
import { settings } from "./settings.js";
import { createSoundCache } from "./sound-cache.js";
import { stretch } from "./time-stretch.js";
import { within } from "./within.js";

const LEAD_SECONDS = 0.15; // so long before its end a piece counts as played, and the next is put in line
const LEAST_SECONDS = 0.3; // that are decoded at once of what the app says by itself
const LOAD_TIMEOUT_MS = 15_000;
const RETRY_AFTER_MS = 500;
const RETRY_UNTIL_MS = 20_000; // since it was first asked for
const UNLOCK_TIMEOUT_MS = 2_000;
const MOST_KEPT = 10_000_000; // characters, base64, of what the app says by itself
const STALL_TIMEOUT_MS = 4_000; // within what the app says by itself

/** A speech engine (see read-aloud.js). `api` is the page's. */
export function createAppSpeech(api) {
  const sources = new Set();
  const cache = createSoundCache();
  const backOff = createBackOff();
  let context = null; // not before it is needed: browsers wait for a tap
  let endsAt = 0; // on the context's clock
  let loading = new AbortController();
  let playing = new AbortController();

  const audio = () => (context ??= new AudioContext());

  const unlock = () => audio().resume().catch(() => {});

  /** What fails is tried once more. */
  function load(text) {
    const { signal } = loading;
    const again = async (error) => {
      if (!signal.aborted) await sleep(RETRY_AFTER_MS);
      if (signal.aborted) throw error;
      return decoded(text, signal);
    };
    return within(RETRY_UNTIL_MS, decoded(text, signal).catch(again));
  }

  async function decoded(text, signal) {
    const sound = await cache.get(text, () => fetched(text, signal));
    try {
      return [{ buffer: await audio().decodeAudioData(sound.slice(0)) }]; // what it is given is gone
    } catch (error) {
      cache.remove(text);
      throw error;
    }
  }

  /** Gives it up when `given` is aborted, and when it takes too long. */
  async function fetched(text, given) {
    const own = new AbortController();
    const abort = () => (cache.remove(text), own.abort());
    const timer = setTimeout(abort, LOAD_TIMEOUT_MS);
    given.addEventListener("abort", abort);
    if (given.aborted) abort();
    const headers = { "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify({ text }), signal: own.signal };
    try {
      const response = await api.fetch("api/text-to-audio", request);
      if (!response.ok) throw new Error(`no audio: ${response.status}`);
      return await response.arrayBuffer();
    } finally {
      clearTimeout(timer);
      given.removeEventListener("abort", abort);
    }
  }

  /** A clip is buffers in order, of each of which the last `seconds` are to be heard. */
  async function play(clip) {
    const { signal } = playing;
    // One that no tap has unlocked would swallow everything.
    await within(UNLOCK_TIMEOUT_MS, audio().resume());
    for await (const { buffer, seconds = buffer.duration } of clip) {
      if (signal.aborted) return;
      backOff.worked();
      start(buffer, seconds);
      await until(endsAt - LEAD_SECONDS, signal);
    }
  }

  function start(whole, seconds) {
    const { rate, volume } = settings;
    const buffer = rate === 1 ? whole : atRate(whole, seconds, rate);
    const length = Math.min(seconds / rate, buffer.duration);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(new GainNode(context, { gain: volume })).connect(context.destination);
    endsAt = Math.max(endsAt, context.currentTime);
    source.start(endsAt, buffer.duration - length);
    endsAt += length;
    sources.add(source);
    source.onended = () => sources.delete(source);
  }

  /** What is to be heard of it, at the same pitch. */
  function atRate(buffer, seconds, rate) {
    const { numberOfChannels, sampleRate } = buffer;
    const from = Math.max(0, buffer.length - Math.round(seconds * sampleRate));
    const channels = Array.from({ length: numberOfChannels }, (_, at) =>
      stretch(buffer.getChannelData(at).subarray(from), sampleRate, rate),
    );
    const result = new AudioBuffer({ length: Math.max(1, channels[0].length), numberOfChannels, sampleRate });
    channels.forEach((samples, at) => result.copyToChannel(samples, at));
    return result;
  }

  /**
   * What the app says by itself of an answer: `add` takes its chat_audio frames, `end` says that no more will come. It
   * has `begun` when there is sound, or will be none; `clip` is for `play`, and so many seconds of it were
   * `played()`; `isWhole()` if the app said all that it had to say. A clip that stalls fails. `again()` is the same from
   * its beginning, null where that is not all or too much to be kept.
   */
  function createStream() {
    const mp3 = createMp3();
    const frames = [];
    let next = 0; // the number of the frame that comes next
    let [seconds, size] = [0, 0];
    let isWhole = false;
    let isOver = false;
    let wake;

    function add(frame) {
      const { number, content } = frame;
      if (number !== next || isOver) return; // it came before; or one is missing, and with it all that follow
      next++;
      if ((size += content.length) < MOST_KEPT) frames.push(frame);
      if (content) mp3.add(Uint8Array.from(atob(content), (char) => char.charCodeAt(0)));
      else isWhole = true;
      wake?.();
    }

    function end() {
      isOver = true;
      wake?.();
    }

    /** Until there is something to be heard, or nothing will be. */
    async function begun() {
      while (!isOver && !isWhole && mp3.ready() <= LEAST_SECONDS) await new Promise((resolve) => (wake = resolve));
    }

    async function* clip() {
      for (await begun(); mp3.ready(); await within(STALL_TIMEOUT_MS, begun())) {
        const { data, seconds: length } = mp3.batch();
        const buffer = await audio().decodeAudioData(data);
        seconds += length;
        yield { buffer, seconds: length };
      }
    }

    function again() {
      if (!isWhole || own.hasFailed || frames.length < next) return null;
      const other = createStream();
      frames.forEach(other.add);
      return other;
    }

    const own = { add, end, begun, again, clip: clip(), played: () => seconds, isWhole: () => isWhole };
    return own;
  }

  /** Its clock stands still while it pauses. */
  async function until(time, signal) {
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    for (let rest; !signal.aborted && (rest = time - context.currentTime) > 0; ) {
      await Promise.race([aborted, sleep(rest * 1_000)]);
    }
  }

  function cancel() {
    loading.abort();
    loading = new AbortController();
    hush();
  }

  /** What is being loaded will be said later. */
  function hush() {
    playing.abort();
    playing = new AbortController();
    for (const source of sources) source.stop();
    endsAt = 0;
    resume();
  }

  const pause = () => context?.suspend();
  const resume = () => context?.resume();

  const silence = () => until(endsAt, playing.signal);
  return { unlock, load, play, silence, hush, cancel, pause, resume, createStream, backOff, forget: cache.clear };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
