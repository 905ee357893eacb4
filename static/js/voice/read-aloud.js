// Reads one answer aloud, also while it is being written: sentence after sentence, by the first engine that works, or
// as the app speaks it by itself.

import { language } from "../i18n.js";
import { languageOf } from "./language-detection.js";
import { secondsOf } from "./pieces.js";
import { createSentences, MAX_SECONDS } from "./sentences.js";
import { settings } from "./settings.js";
import { verbalise } from "./verbalise.js";
import { within } from "./within.js";

const AHEAD_SECONDS = 6;
const MOST_AHEAD = 4; // an app answers few calls at once
const PATIENCE_MS = 2_000; // from the first sentence on, until when the app must have begun to speak by itself
const LOAD_PATIENCE_MS = 5_000; // for what is said next, where another engine can speak
const PAUSE_MS = 1_000; // in what is written: its last sentence is taken for whole
const SLOWEST = 1.3; // how much longer than usual a voice may take
const QUICKEST = 0.4;
const THOUGHT = /<(?:think|details)\b/i;

/**
 * A speech engine is {unlock(), load(text, language): Promise of a clip, play(clip): Promise that ends with it (or a
 * little before: the next then follows without a gap), silence?(): Promise of the very end, hush(), cancel(), which
 * gives up what is being loaded, too, backOff?}. `engines()` gives them, best first, whenever it begins to speak.
 * `onSaying(text)` tells in words which sentence begins, `onChange()` that `reading()` has changed, `onDone(id,
 * hasFailed)` that an answer was read to its end, or up to where no engine could speak.
 */
export function createReadAloud({ engines, onSaying, onChange, onDone }) {
  let current = null; // {id, sentences, language, queue, engines, isOver}; the first of the queue is being said
  let waiting; // for more of it
  const reading = () => current?.id ?? null;

  /** `stream`: what the app speaks of it by itself (see app-speech.js); the queue is then all that it is to say. */
  function begin(id, stream) {
    stop(id === reading() ? "hush" : "cancel");
    const sentences = createSentences(MAX_SECONDS * Math.min(1, settings.rate), withdraw);
    current = { id, sentences, language: null, queue: [], engines: [], isOver: false, pauses: 0, stream };
    onChange();
    if (stream) playStream(current);
  }

  /** Until `resume`. A sentence is then said again from its beginning. */
  function pause() {
    const { stream, isHeard, engines: [engine] } = current;
    current.held = new Promise((resolve) => (current.release = resolve));
    current.pauses += 1;
    if (stream && isHeard) engine.pause();
    else silence("hush");
    onChange();
  }

  function resume() {
    const { release, stream, isHeard, engines: [engine] } = current;
    current.held = null;
    if (stream && isHeard) engine.resume();
    release();
    onChange();
  }

  function stop(how = "cancel") {
    if (!current) return;
    current.release?.();
    silence(how);
    clearTimeout(waiting);
    clearTimeout(current.patience);
    current.stream?.end();
    current = null;
    onChange();
  }

  function silence(how = "cancel") {
    for (const engine of current.engines) engine[how]();
  }

  /** Takes back the last `count` sentences, as far as they were not said. */
  function withdraw(count) {
    const { queue, stream } = current;
    if (stream) giveUp();
    if (stream || count < queue.length) return queue.splice(-count);
    silence();
    current = { ...current, queue: [] }; // the loop of the one before ends
  }

  function follow({ id, text, replaced }) {
    if (id !== reading()) return;
    if (replaced) {
      stop();
      begin(id);
    }
    if (current.stream && THOUGHT.test(text)) giveUp(); // the app says that, too
    add(current.sentences.feed(text));
    loadLikely();
    clearTimeout(waiting);
    waiting = setTimeout(() => current?.id === id && !current.stream && add(current.sentences.pause(text)), PAUSE_MS);
  }

  function end({ id, text }) {
    if (id !== reading()) return;
    current.isOver = true;
    clearTimeout(waiting);
    add(current.sentences.end(text));
    if (current.stream) current.stream.end();
    else if (!current.queue.length) finish(false);
  }

  function add(texts) {
    const { queue, stream } = current;
    const isSpeaking = queue.length > 0;
    if (!texts.length) return;
    queue.push(...texts.map(sentenceOf));
    if (stream) expect(current);
    else if (isSpeaking) loadAhead(current);
    else if (queue.length) speak(current);
  }

  /** A sentence in the words of its language, which is that of the one before where its letters do not tell. */
  function inWords(sentence) {
    current.language = languageOf(sentence, current.language);
    const text = verbalise(sentence, current.language ?? language());
    return { text, language: languageOf(text, current.language) ?? language() };
  }

  /** What is probably said first is loaded before it is sure: once, since an app answers few calls. */
  function loadLikely() {
    const { likely, stream, language: known, sentences } = current;
    const text = sentences.likely();
    if (likely || stream || !text) return;
    Object.assign(current, { engines: engines(), likely: { of: text, ...inWords(text) }, language: known });
    load(current, current.likely).catch(() => {}); // looked at when it is said
  }

  /** As it was loaded, if it was. */
  function sentenceOf(text) {
    const { likely } = current;
    const sentence = inWords(text);
    return likely?.of === text ? Object.assign(likely, sentence, { of: null }) : sentence;
  }

  // What the app speaks by itself

  /** Takes a chat_audio frame. */
  function hear(frame) {
    if (frame.id === reading()) current.stream?.add(frame);
  }

  async function playStream(own) {
    const { stream } = own;
    own.engines = engines();
    await stream.begun();
    await own.held;
    if (own !== current) return;
    clearTimeout(own.patience);
    if (!own.isGivenUp) {
      own.isHeard = true;
      expect(own);
      await own.engines[0].play(stream.clip).catch(() => (stream.hasFailed = true));
      if (own === current) await own.engines[0].silence?.();
    }
    if (own === current) sayRest(own);
  }

  /** Whatever is written may be what is heard now. */
  function expect(own) {
    if (own.isHeard) onSaying(own.queue.map(({ text }) => text).join(" "));
    else if (own.queue.length) own.patience ??= setTimeout(giveUp, PATIENCE_MS);
  }

  /** It comes too late, or is not what is to be said: all of that is said in the usual way. */
  function giveUp() {
    current.isGivenUp = true;
    current.stream.end();
    silence();
  }

  /** In the usual way, what the app did not say, or may not have said. */
  function sayRest(own) {
    const { stream, queue, isGivenUp } = own;
    const all = queue.reduce((sum, { text }) => sum + secondsOf(text), 0);
    stream.hasFailed ||= isGivenUp || !stream.isWhole() || stream.played() < QUICKEST * all;
    let left = isGivenUp ? 0 : stream.played() / SLOWEST;
    while (queue.length && (!stream.hasFailed || (left -= secondsOf(queue[0].text)) >= 0)) queue.shift();
    own.stream = null;
    if (queue.length) speak(own);
    else if (own.isOver) finish(false);
  }

  async function speak(own) {
    own.engines = engines();
    while (own === current && own.queue.length) {
      await own.held;
      const { pauses } = own;
      const saying = say(own, own.queue[0]);
      loadAhead(own);
      await saying;
      if (own.queue.length === 1) await own.engines[0]?.silence?.();
      if (own.pauses === pauses) own.queue.shift();
    }
    if (own === current && own.isOver) finish(false);
  }

  async function say(own, sentence) {
    const { pauses } = own;
    const isPaused = () => own.pauses !== pauses;
    while (own === current && own.engines.length) {
      try {
        const loading = load(own, sentence);
        const clip = await (own.engines.length > 1 ? within(LOAD_PATIENCE_MS, loading) : loading);
        if (own !== current || isPaused()) return;
        onSaying(sentence.text);
        return await own.engines[0].play(clip);
      } catch {
        if (own !== current || isPaused()) return;
        own.engines.shift().backOff?.failed();
      }
    }
    if (own === current) finish(true); // nothing is left out: what follows is not said either
  }

  /** Loads what comes next, as much as is said while a speech engine takes its time. */
  function loadAhead(own) {
    let seconds = 0;
    for (const next of own.queue.slice(1, 1 + MOST_AHEAD)) {
      if (seconds < AHEAD_SECONDS) load(own, next).catch(() => {}); // looked at when its turn comes
      seconds += secondsOf(next.text);
    }
  }

  async function load({ engines: [engine] }, sentence) {
    const { text, language: spoken } = sentence;
    if (sentence.engine !== engine) Object.assign(sentence, { engine, clip: engine?.load(text, spoken) });
    return sentence.clip;
  }

  function finish(hasFailed) {
    const { id } = current;
    current = null;
    onChange();
    onDone(id, hasFailed);
  }

  const isPaused = () => Boolean(current?.held);

  return { begin, follow, hear, end, stop, pause, resume, reading, isPaused };
}
