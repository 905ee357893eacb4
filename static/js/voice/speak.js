// A queue of sentences, said one after the other by the first way of speaking that works.

/**
 * A way of speaking is {load(text): Promise of a clip, play(clip): Promise that ends with it (or a little before, so that
 * the next one can follow without a gap), silence(): Promise of the very end, cancel()}. `ways()` gives them, best first, at
 * the start of each run of sentences. `onSaying(text)` tells what begins, `onIdle(hasFailed)` that all is said.
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
