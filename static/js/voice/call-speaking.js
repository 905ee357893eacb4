// What a call says: the answer, notices, and what silence after them means.

import { t } from "../i18n.js";

const QUIET_MS = 500; // between two sentences there is less

/**
 * `voice` as for call.js; `hearing` is call-hearing.js's, `latencies` latencies.js's. `call()` is the call, and
 * `change(more)` makes it another. `answered()` tells the speech input that the page begins to speak, `onSilence()` is
 * called when nothing has been said for a moment.
 */
export function createCallSpeaking({ voice, hearing, latencies, call, change, answered, onSilence }) {
  let quiet;

  /** Says each of them, [key, values]. */
  const announce = (...all) => voice.say(all.map((words) => t(...words)).join(" "));

  /** `isAnswer`: not what was given to `voice.say`. */
  function saying(text, isAnswer) {
    hearing.pageSays(text);
    answered();
    if (isAnswer) change({ state: "speaking" });
  }

  /** Whether there is sound. */
  function sounds(isOn) {
    hearing.pageSounds(isOn);
    if (isOn && call().state === "speaking") answerSounds();
    if (isOn && call().isSilent) change({ isSilent: false });
    clearTimeout(quiet);
    if (!isOn) quiet = setTimeout(fallSilent, QUIET_MS);
  }

  function answerSounds() {
    latencies.sounded(call().turn);
    if (!call().hasSpoken) change({ hasSpoken: true });
  }

  function fallSilent() {
    if (call().state === "speaking") change({ isSilent: true });
    onSilence();
  }

  function hush() {
    hearing.endHold();
    voice.stop();
    sounds(false);
  }

  return { announce, saying, sounds, hush };
}
