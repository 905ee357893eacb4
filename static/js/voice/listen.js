// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { asLevel, createActivity, decibels } from "./activity.js";
import { openMicrophone } from "./microphone.js";
import { canShareMicrophone, createRecognition, hasRecognition } from "./recognition.js";
import { createRecorder } from "./recorder.js";

const WHY = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  NotReadableError: "busy",
};

const canRecord = (app) => Boolean(app.speech_to_text && navigator.mediaDevices?.getUserMedia);

export const canListen = (app) => hasRecognition() || canRecord(app);

/**
 * Listens until `stop()`, which hands out what is still to come, or `abort()`; `reset()` forgets what was heard. The
 * node `meter` shows the level. Tells onText(text, isDue): all that was heard, and whether the pause after it is over;
 * onSpeech(isSpeech), where there is a level; onDoing(name, words): recognition, recorder, writing, or unwritten and
 * why; and onError(why) when it ends by itself: refused, missing, busy, broken or silence.
 */
export function listen({ app, meter, isSpeaking, onSpeech, onError, ...rest }) {
  const activity = createActivity();
  let earName, ear, closeMicrophone;
  let isOver = false;
  let wasSpeech = false;

  async function begin() {
    earName = hasRecognition() ? "recognition" : "recorder";
    const trouble = await hold();
    if (isOver) return abort();
    if (trouble === "refused" || (trouble && earName === "recorder")) return fail(trouble);
    ear = createEar();
    return rest.onDoing(earName);
  }

  /** Takes the microphone where it is of use, before recognition asks for it, too; returns why it could not. */
  async function hold() {
    if (earName === "recorder" && !canRecord(app)) return "broken";
    if (earName === "recognition" && !canShareMicrophone) return null;
    try {
      closeMicrophone ??= await openMicrophone(soundHeard, () => fail("missing"));
      return null;
    } catch ({ name }) {
      return WHY[name] ?? "broken";
    }
  }

  /** An ear is {stop(), abort(), hear?(sound)}, and listens at once. */
  function createEar() {
    if (earName === "recorder") return createRecorder(rest);
    const onLevel = (level) => closeMicrophone || showLevel(level);
    return createRecognition({ ...rest, onLevel, onError: (why) => (why === "broken" ? begin() : fail(why)) });
  }

  function soundHeard(samples, rate) {
    if (isOver) return;
    const db = decibels(samples);
    const sound = activity.feed(db, (samples.length / rate) * 1_000, isSpeaking?.());
    showLevel(asLevel(db));
    if (sound.isSpeech !== wasSpeech) onSpeech?.(sound.isSpeech);
    wasSpeech = sound.isSpeech;
    ear?.hear?.({ samples, rate, ...sound });
  }

  const showLevel = (level) => meter.style.setProperty("--level", level.toFixed(2));

  function fail(why) {
    abort();
    onError(why);
  }

  function reset() {
    if (!ear) return;
    ear.abort();
    ear = createEar();
  }

  function stop() {
    const last = ear?.stop();
    ear = null;
    abort();
    return last;
  }

  function abort() {
    isOver = true;
    ear?.abort();
    ear = null;
    closeMicrophone?.();
    closeMicrophone = null;
    showLevel(0);
  }

  begin();
  return { stop, abort, reset, earName: () => earName, hasLevel: () => Boolean(closeMicrophone) };
}
