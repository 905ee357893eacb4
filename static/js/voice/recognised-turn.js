// When a turn is over that the browser's recognition hears: it tells words, and no silence.

const LAG_MS = 300; // at least, from a word to its telling
const LEAST_WAIT_MS = 50;

/** `quietMs()` is how long it has been quiet, null where there is no level. `onOver(times, isByHand)` tells that it is over. */
export function createRecognisedTurn({ endpoint, quietMs, onOver }) {
  let text = "";
  let isTold = false;
  let wordsAt, timer;

  function hears(other) {
    if (other !== text) [text, wordsAt, isTold] = [other, performance.now(), false];
    watch();
  }

  /** Silence is since the last word, and since the last sound where that is known. */
  function watch() {
    clearTimeout(timer);
    if (!text || isTold) return;
    const sinceWords = performance.now() - wordsAt;
    const silence = quietMs() === null ? sinceWords : Math.min(quietMs(), sinceWords + LAG_MS);
    const rest = endpoint.wait(text) - silence;
    if (rest > 0) timer = setTimeout(watch, Math.max(rest, LEAST_WAIT_MS));
    else finish();
  }

  /** Somebody begins to speak, or ends: words that were told before may be due once more. */
  function sounds() {
    isTold = false;
    watch();
  }

  function finish(isByHand = false) {
    clearTimeout(timer);
    if (!text || isTold) return;
    isTold = true;
    const now = performance.now();
    const speechEndedAt = quietMs() === null ? wordsAt : now - quietMs();
    onOver({ speechEndedAt, silenceAt: now, transcriptAt: wordsAt }, isByHand);
  }

  function stop() {
    clearTimeout(timer);
  }

  return { hears, sounds, finish, stop };
}
