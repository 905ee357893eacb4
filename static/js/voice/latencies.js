// What each turn of a call took, in whole milliseconds since the person's speech ended: its last loud moment.

const LONGEST_MS = 3_600_000; // the service takes no more; only a connection that was lost lasts that long

/**
 * `report(id, latencies)` gets what is known of a turn, once: when its first sound is heard, or when it is over without
 * one. Of a question that was not said there is nothing to know.
 */
export function createLatencies(report) {
  let turn = null; // {endedAt, latencies}

  /** What was said is asked; `times`: see speech-input.js. */
  function asked(times) {
    turn = times && { endedAt: times.speechEndedAt, latencies: {} };
    mark("silence_ms", times?.silenceAt);
    mark("transcript_ms", times?.transcriptAt);
    mark("asked_ms");
  }

  /** For the first time. */
  function mark(name, at = performance.now()) {
    if (turn) turn.latencies[name] ??= Math.max(0, Math.round(at - turn.endedAt));
  }

  function sounded(id) {
    mark("first_audio_ms");
    end(id);
  }

  /** Without an `id` it was never asked. */
  function end(id) {
    const { endedAt, latencies } = turn ?? {};
    turn = null;
    if (id && latencies && performance.now() - endedAt < LONGEST_MS) report(id, latencies);
  }

  return { asked, worded: () => mark("first_text_ms"), sounded, end };
}
