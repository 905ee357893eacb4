// Reads one answer aloud, also while it is still being written.

import { createSentences, MAX_SECONDS } from "./sentences.js";

/** `onChange(id)` tells which answer is being read, null for none; `onDone(id)` that one was read to its end. */
export function createReader({ createSpeaker, rate, onSaying, onChange, onDone }) {
  let current = null; // {id, sentences, isOver}
  const speaker = createSpeaker({ onSaying, onIdle: finishIfOver });

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
