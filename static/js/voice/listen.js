// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { asLevel, createActivity, decibels } from "./activity.js";
import { openMicrophone } from "./microphone.js";
import { canShareMicrophone, createRecognition, hasRecognition, recognises } from "./recognition.js";
import { createRecorder } from "./recorder.js";

const MICROPHONE_ERRORS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  NotReadableError: "busy",
};
/** Of Web Speech (SpeechRecognitionErrorCode). Where the page itself hears, the first two are not the microphone's. */
const REFUSALS = { "not-allowed": "refused", "audio-capture": "missing" };
const RECOGNITION_ERRORS = {
  network: "network",
  "not-allowed": "service",
  "service-not-allowed": "service",
  "language-not-supported": "language",
  silence: "silence",
};
const TRIES = 4; // where it cannot be reached, and nothing else could listen
const RETRY_MS = 1_000; // doubled each time
const LAG_CHUNKS = 20; // of some 40 ms: recognition tells of what it heard so much later
const MOST_CHUNKS = 700;

const canRecord = (app) => Boolean(app.speech_to_text && navigator.mediaDevices?.getUserMedia);

export const canListen = (app) => hasRecognition || canRecord(app);

/**
 * Listens from `start()` until `stop()`, which still tells what was said by then, or `abort()`; then it can be started
 * again. `clear()` forgets the results so far. The node `meter` shows the level. Tells onResults(results, isDue): each
 * is {text, from, endsAt}, heard between these milliseconds, and whether the pause after them is over;
 * onSpeech(isSpeech), where there is a level; onDoing(name): recognition, recorder, or network while that cannot be
 * reached; and onError(why) when it ends by itself: refused, missing, busy, network, service, language, broken, silence
 * or full.
 */
export function listen({ app, transcriber, pauseMs, meter, isSpeaking, onResults, onSpeech, onDoing, onError }) {
  let run = null; // an object of its own as long as it listens
  let activity, earName, ear, closeMicrophone, retry, wasSpeech, failures;
  let kept = []; // results that stay as they are
  let current = []; // of recognition, which may change its mind
  let unheard = []; // sound since recognition last told something, for a recorder that has to take over

  async function start() {
    const own = (run = {});
    [activity, wasSpeech, failures] = [createActivity(), false, 0];
    earName = (canRecord(app) ? recognises() : hasRecognition) ? "recognition" : "recorder";
    const why = earName === "recorder" || canShareMicrophone ? await hold() : null;
    if (own !== run) return;
    if (why === "refused" || (why && earName === "recorder")) return fail(why);
    hear();
    return onDoing(earName);
  }

  /** Takes the microphone, before recognition asks for it, too; returns why it could not. */
  async function hold() {
    if (closeMicrophone) return null;
    if (earName === "recorder" && !canRecord(app)) return "broken";
    const own = run;
    try {
      const close = await openMicrophone(soundHeard, () => fail("missing"));
      if (own === run) closeMicrophone = close;
      else close();
      return null;
    } catch ({ name }) {
      return MICROPHONE_ERRORS[name] ?? "broken";
    }
  }

  /** An ear is {stop(), abort(), hear?(sound)}, and listens at once. */
  function hear() {
    ear?.abort();
    settle();
    const onLevel = (level) => closeMicrophone || showLevel(level);
    if (earName === "recorder") ear = createRecorder({ pauseMs, onRecorded: recorded });
    else ear = createRecognition({ onResults: recognised, onLevel, onError: recognitionFailed });
  }

  function soundHeard(samples, rate) {
    if (!run) return;
    const db = decibels(samples);
    const sound = { samples, rate, ...activity.feed(db, (samples.length / rate) * 1_000, isSpeaking?.()) };
    showLevel(asLevel(db));
    if (sound.isSpeech !== wasSpeech) onSpeech?.((wasSpeech = sound.isSpeech));
    if (ear?.hear) ear.hear(sound);
    else if (canRecord(app) && unheard.push(sound) > MOST_CHUNKS) unheard.shift();
  }

  const showLevel = (level) => meter.style.setProperty("--level", level.toFixed(2));

  // What was heard

  const results = () => [...kept, ...current];
  const settle = () => ([kept, current] = [results(), []]);

  function recognised(all) {
    if (failures) onDoing(earName);
    [current, failures, unheard] = [all, 0, unheard.slice(-LAG_CHUNKS)];
    onResults(results(), false);
  }

  /** Recordings come in their order. The last one is due; those before it would be asked without it. */
  async function recorded(recording, isDue) {
    const writing = transcriber.transcribe(recording);
    if (transcriber.isFull()) fail("full");
    const text = (await writing).trim();
    if (text) kept.push({ text, from: recording.from, endsAt: recording.endsAt });
    onResults(results(), isDue && !transcriber.isBusy());
  }

  function clear() {
    kept = [];
    if (!current.length) return;
    current = [];
    if (run) hear();
    else ear?.abort();
  }

  // When it ends

  function recognitionFailed(error) {
    const isTransient = error === "network" && ++failures < TRIES;
    if (error in REFUSALS && !closeMicrophone) fail(REFUSALS[error]);
    else if (error !== "silence" && canRecord(app)) takeOver();
    else if (isTransient) {
      retry = setTimeout(hear, RETRY_MS * 2 ** failures);
      onDoing("network");
    } else fail(RECOGNITION_ERRORS[error] ?? "broken");
  }

  /** For as long as it listens this time. */
  async function takeOver() {
    const own = run;
    earName = "recorder";
    const why = await hold();
    if (own !== run) return;
    if (why) return fail(why);
    hear();
    for (const sound of unheard.splice(0)) ear.hear(sound);
    return onDoing(earName);
  }

  function fail(why) {
    stop();
    onError(why);
  }

  function stop() {
    const last = ear?.stop();
    letGo();
    return last;
  }

  function abort() {
    ear?.abort();
    ear = null;
    letGo();
  }

  function letGo() {
    run = null;
    clearTimeout(retry);
    closeMicrophone?.();
    [closeMicrophone, unheard] = [null, []];
    showLevel(0);
  }

  return { start, stop, abort, clear, earName: () => earName, hasLevel: () => Boolean(closeMicrophone) };
}
