// What follows from the state of a call: what is to be seen, short sounds, a screen that stays on, an end when unused.

import { withErrorBoundary } from "../error-boundary.js";
import { IDLE, isAnswering, isLive, phaseOf, questionOf } from "./call-state.js";
import { createIdleTimer } from "./idle-timer.js";
import { settings } from "./settings.js";
import { createWakeLock } from "./wake-lock.js";

const STILL_THERE = ["call.idle"];
const SILENCE_MS = 150_000; // until somebody is asked whether they are there
const STANDSTILL_MS = 570_000; // the same, where it is paused, or waits for a connection
const LINGER_MS = 1_700; // in a pause, or until it is written down, what is said is not over

/**
 * `on` is for the view, and besides remind(note), when nobody has spoken for long, or null when somebody is there; and
 * expire(note) at the end of that. `now()` tells what is so at the moment: {isSpeech, isSounding, isHeld, isLost, mode,
 * canSend}.
 */
export function createCallDisplay({ remind, expire, ...on }, status, now, parts) {
  const { meter, ...drawing } = parts.createCallView({ ...on, present }, status);
  const view = withErrorBoundary(drawing);
  const mayBeep = () => settings.hasSounds && !now().isSounding && !now().isSpeech;
  const sounds = withErrorBoundary(parts.createCallSounds(mayBeep));
  const idle = createIdleTimer({ warn: () => remind(STILL_THERE), end: () => expire(["call.idle-end"]) });
  const keepAwake = createWakeLock(() => isLive(call));
  let call = IDLE;
  let shown, lingering;

  function show(next) {
    const wasLive = isLive(call);
    call = next;
    const { mode, canSend, ...moment } = now();
    const phase = steady(phaseOf(call, moment));
    const isListening = call.state === "listening";
    const question = isListening ? questionOf(call) : call.heard;
    const note = phase === "hearing" ? null : call.note;
    const being = { isMuted: call.isMuted, isLive: isLive(call), isAnswering: isAnswering(call), canSend };
    view.show({ phase, mode, question, note, ...being });
    sounds.thinking(phase === "thinking");
    const isStill = call.isPaused || (call.state === "thinking" && moment.isLost);
    const isUnused = isListening && !moment.isSpeech && !call.heard;
    idle.update(isStill ? STANDSTILL_MS : isUnused ? SILENCE_MS : 0);
    if (isLive(call) === wasLive) return;
    keepAwake();
    if (wasLive) sounds.close();
  }

  /** That somebody is heard does not flicker. */
  function steady(phase) {
    if (phase === "listening" && shown === "hearing" && !call.note) lingering ??= setTimeout(lapse, LINGER_MS);
    else [shown, lingering] = [phase, clearTimeout(lingering)];
    return shown;
  }

  function lapse() {
    shown = null;
    show(call);
  }

  /** A key or a tap tells that somebody is there. */
  function present() {
    idle.update(0);
    if (call.note === STILL_THERE) remind(null);
    else show(call);
  }

  /** Tells that it is one's turn to speak, unless one does so. */
  function beep() {
    if (call.state === "listening" && !call.isOpening && !call.isMuted && !call.heard) sounds.listening();
  }

  return { ...{ show, beep, meter }, fail: () => sounds.failed(), close: () => view.close() };
}
