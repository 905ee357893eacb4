// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { asLevel, createActivity, decibels } from "./activity.js";
import { hasMicrophone, openMicrophone } from "./microphone.js";
import { canShareMicrophone, createRecognition, hasRecognition } from "./recognition.js";
import { createRecorder } from "./recorder.js";

const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy" };

const canRecord = (app) => Boolean(app.speech_to_text && hasMicrophone());

export const canListen = (app) => hasRecognition() || canRecord(app);

/**
 * Listens until `stop()`, which hands out what is still to come, or `abort()`; `reset()` forgets what was heard. `meter` is
 * the node that shows the level. `pauseMs` is for the recorder.
 *
 * Tells `onText(text, isDue)` (all that was heard since start or reset; isDue: the pause after it was waited for),
 * `onSpeech(isSpeech)` (by the level, where the microphone is ours), `onDoing(name, words)` (recognition, recorder, writing,
 * or unwritten with the page's words for why) and, when it has stopped for it, `onError(why)`: refused, missing, busy,
 * broken or silence.
 */
export function listen({ app, meter, isSpeaking, onSpeech, onError, ...rest }) {
  const activity = createActivity();
  let earName, ear, closeMicrophone;
  let isOver = false;
  let wasSpeech = false;

  async function begin() {
    earName = hasRecognition() ? "recognition" : "recorder";
    const why = await (earName === "recognition" || canRecord(app) ? hold() : "broken");
    if (isOver) return;
    if (why === "refused" || (why && earName === "recorder")) return fail(why); // nobody is asked twice
    ear = createEar();
    rest.onDoing(earName);
  }

  /** Takes the microphone where it is of use; returns why not. */
  async function hold() {
    if (closeMicrophone || (earName === "recognition" && !canShareMicrophone())) return null;
    try {
      closeMicrophone = await openMicrophone(soundHeard, () => fail("missing"));
    } catch ({ name }) {
      return WHY[name] ?? "broken";
    }
    if (isOver) release();
    return null;
  }

  /** An ear is {stop(), abort(), hear?(samples, …)} and listens from the start. */
  function createEar() {
    if (earName === "recorder") return createRecorder(rest);
    return createRecognition({ ...rest, onLevel: (level) => closeMicrophone || showLevel(level), onError: recognitionFailed });
  }

  function recognitionFailed(why) {
    if (why === "broken" && canRecord(app)) begin();
    else fail(why);
  }

  function soundHeard(samples, rate) {
    if (isOver) return;
    const db = decibels(samples);
    const sound = activity.feed(db, (samples.length / rate) * 1_000, isSpeaking?.());
    showLevel(asLevel(db));
    if (sound.isSpeech !== wasSpeech) onSpeech((wasSpeech = sound.isSpeech));
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

  async function stop() {
    const ending = ear;
    release();
    await ending?.stop();
  }

  function abort() {
    ear?.abort();
    release();
  }

  function release() {
    isOver = true;
    ear = null;
    closeMicrophone?.();
    closeMicrophone = null;
    showLevel(0);
  }

  begin();
  return { stop, abort, reset, earName: () => earName, hasLevel: () => Boolean(closeMicrophone) };
}
