// Reads one answer aloud, also while it is being written: sentence after sentence, by the first engine that works.

import { language } from "../i18n.js";
import { languageOf } from "./language-detection.js";
import { secondsOf } from "./pieces.js";
import { createSentences, MAX_SECONDS } from "./sentences.js";
import { settings } from "./settings.js";
import { verbalise } from "./verbalise.js";

const AHEAD_SECONDS = 6;
const MOST_AHEAD = 4; // an app answers few calls at once

/**
 * A speech engine is {unlock(), load(text, language): Promise of a clip, play(clip): Promise that ends with it (or a
 * little before: the next then follows without a gap), silence?(): Promise of the very end, cancel()}. `engines()`
 * gives them, best first, whenever it begins to speak. `onSaying(text)` tells in words which sentence begins,
 * `onChange()` that `reading()` has changed, `onDone(id, hasFailed)` that an answer was read to its end.
 */
export function createReadAloud({ engines, onSaying, onChange, onDone }) {
  let current = null; // {id, sentences, language, queue, engines, isOver}; the first of the queue is being said

  const reading = () => current?.id ?? null;

  function begin(id) {
    stop();
    const sentences = createSentences(MAX_SECONDS * Math.min(1, settings.rate), withdraw);
    current = { id, sentences, language: null, queue: [], engines: [], isOver: false };
    onChange();
  }

  function stop() {
    if (!current) return;
    silence();
    current = null;
    onChange();
  }

  function silence() {
    for (const engine of current.engines) engine.cancel();
  }

  /** Takes back the last `count` sentences, as far as they were not said. */
  function withdraw(count) {
    const { queue } = current;
    if (count < queue.length) return queue.splice(-count);
    silence();
    current = { ...current, queue: [] }; // the loop of the one before ends
  }

  function follow({ id, text, replaced }) {
    if (id !== reading()) return;
    if (replaced) begin(id);
    add(current.sentences.feed(text));
  }

  function end({ id, text }) {
    if (id !== reading()) return;
    current.isOver = true;
    add(current.sentences.end(text));
    if (!current.queue.length) finish(false);
  }

  function add(texts) {
    const { queue } = current;
    const isSpeaking = queue.length > 0;
    queue.push(...texts.map(inWords));
    if (isSpeaking) loadAhead(current);
    else if (queue.length) speak(current);
  }

  /** A sentence in the words of its language, which is that of the one before where its letters do not tell. */
  function inWords(sentence) {
    current.language = languageOf(sentence, current.language);
    const text = verbalise(sentence, current.language ?? language());
    return { text, language: languageOf(text, current.language) ?? language() };
  }

  async function speak(own) {
    own.engines = engines();
    while (own === current && own.queue.length) {
      const saying = say(own, own.queue[0]);
      loadAhead(own);
      await saying;
      if (own.queue.length === 1) await own.engines[0]?.silence?.();
      own.queue.shift();
    }
    if (own === current && own.isOver) finish(!own.engines.length);
  }

  async function say(own, sentence) {
    while (own === current && own.engines.length) {
      try {
        const clip = await load(own, sentence);
        if (own !== current) return;
        onSaying(sentence.text);
        return await own.engines[0].play(clip);
      } catch {
        own.engines.shift();
      }
    }
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

  return { begin, follow, end, stop, reading };
}
