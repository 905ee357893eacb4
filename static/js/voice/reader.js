// Reads one answer aloud, also while it is still being written: sentence after sentence, by the first way that works.

import { createSentences, MAX_SECONDS } from "./sentences.js";

/**
 * `onSaying(text)` tells which sentence begins, `onChange(id)` which answer is being read, null for none, `onDone(id,
 * hasFailed)` that one was read to its end. `ways` and `rate()` are as below.
 */
export function createReader({ ways, rate, onSaying, onChange, onDone }) {
  let current = null; // {id, sentences, isOver}
  const speaker = createSpeaker({ ways, onSaying, onIdle: finishIfOver });

  const fresh = () => createSentences(MAX_SECONDS * Math.min(1, rate()));

  function begin(id) {
    speaker.cancel();
    current = { id, sentences: fresh(), isOver: false };
    onChange(id);
  }

  function follow({ id, text, replaced }) {
    if (current?.id !== id || current.isOver) return;
    if (replaced) {
      speaker.cancel();
      current.sentences = fresh();
    }
    current.sentences.feed(text).forEach(speaker.say);
  }

  function end({ id, text }) {
    if (current?.id !== id || current.isOver) return;
    current.isOver = true;
    current.sentences.end(text).forEach(speaker.say);
    if (speaker.isIdle()) finishIfOver(false);
  }

  function finishIfOver(hasFailed) {
    if (!current?.isOver) return;
    const { id } = current;
    current = null;
    onChange(null, hasFailed);
    onDone(id, hasFailed);
  }

  function stop() {
    speaker.cancel();
    if (!current) return;
    current = null;
    onChange(null);
  }

  return { begin, follow, end, stop, reading: () => current?.id ?? null };
}

/**
 * A queue of sentences. A way of speaking is {load(text): Promise of a clip, play(clip): Promise that ends with it (or a
 * little before, so that the next one can follow without a gap), silence(): Promise of the very end, cancel()}. `ways()`
 * gives them, best first, at the start of each run of sentences. `onIdle(hasFailed)` tells that all is said.
 */
export function createSpeaker({ ways, onSaying, onIdle }) {
  let queue = [];
  let run = null;

  function say(text) {
    queue.push({ text });
    run ??= begin();
    if (queue.length === 1) prepare(run, queue[0]);
  }

  function begin() {
    const own = { ways: ways(), hasFailed: false };
    queueMicrotask(() => work(own));
    return own;
  }

  async function work(own) {
    while (run === own && queue.length) {
      const sentence = queue.shift();
      prepare(own, sentence);
      prepare(own, queue[0]);
      await perform(own, sentence);
    }
    await own.ways[0]?.silence();
    if (run !== own) return;
    if (queue.length) return work(own);
    run = null;
    onIdle(own.hasFailed);
  }

  /** Loads the next sentence while this one is said. */
  function prepare(own, sentence) {
    const [way] = own.ways;
    if (!sentence || !way || sentence.way === way) return;
    Object.assign(sentence, { way, clip: way.load(sentence.text) });
    sentence.clip.catch(() => {}); // looked at when its turn comes
  }

  async function perform(own, sentence) {
    try {
      if (!own.ways.length) throw new Error("nothing can speak");
      const clip = await sentence.clip;
      if (run !== own) return;
      onSaying(sentence.text);
      await sentence.way.play(clip);
    } catch {
      if (run === own) await fallBack(own, sentence);
    }
  }

  async function fallBack(own, sentence) {
    if (own.ways[0] === sentence.way) own.ways = own.ways.slice(1);
    own.hasFailed ||= !own.ways.length;
    if (!own.ways.length) return;
    prepare(own, sentence);
    await perform(own, sentence);
  }

  function cancel() {
    const used = run?.ways ?? [];
    [queue, run] = [[], null];
    for (const way of used) way.cancel();
  }

  return { say, cancel, isIdle: () => run === null };
}
