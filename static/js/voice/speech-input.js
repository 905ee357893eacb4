// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { asLevel, createVoiceActivity, decibels } from "./voice-activity.js";
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

export const hasSpeechInput = (app) => hasRecognition || canRecord(app);

/**
 * Listens from `start()` until `stop()`, which still tells what was said by then, or `abort()`; then it can be started
 * again. `clear()` forgets the results so far. The node `meter` shows the level. Tells onResults(results, isDue): each
 * is {text, from, endsAt}, heard between these milliseconds, and whether the pause after them is over;
 * onSpeech(isSpeech), where there is a level; onDoing(name): recognition, recorder, or network while that cannot be
 * reached; and onError(why) when it ends by itself: refused, missing, busy, network, service, language, broken, silence
 * or full.
 */
export function createSpeechInput({ app, transcriber, pauseMs, meter, isSpeaking, ...on }) {
  const { onResults, onSpeech, onDoing, onError } = on;
  let run = null; // an object of its own as long as it listens
  let activity, mode, backend, closeMicrophone, retry, wasSpeech, failures;
  let kept = []; // results that stay as they are
  let current = []; // of recognition, which may change its mind
  let unheard = []; // sound since recognition last told something, for a recorder that has to take over

  async function start() {
    const own = (run = {});
    [activity, wasSpeech, failures] = [createVoiceActivity(), false, 0];
    mode = (canRecord(app) ? recognises() : hasRecognition) ? "recognition" : "recorder";
    const why = mode === "recorder" || canShareMicrophone ? await hold() : null;
    if (own !== run) return;
    if (why === "refused" || (why && mode === "recorder")) return fail(why);
    hear();
    return onDoing(mode);
  }

  /** Takes the microphone, before recognition asks for it, too; returns why it could not. */
  async function hold() {
    if (closeMicrophone) return null;
    if (mode === "recorder" && !canRecord(app)) return "broken";
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

  /** A backend is {stop(), abort(), hear?(sound)}, and listens at once. */
  function hear() {
    backend?.abort();
    settle();
    const onLevel = (level) => closeMicrophone || showLevel(level);
    if (mode === "recorder") backend = createRecorder({ pauseMs, onRecorded: recorded });
    else backend = createRecognition({ onResults: recognised, onLevel, onError: recognitionFailed });
  }

  function soundHeard(samples, rate) {
    if (!run) return;
    const db = decibels(samples);
    const sound = { samples, rate, ...activity.feed(db, (samples.length / rate) * 1_000, isSpeaking?.()) };
    showLevel(asLevel(db));
    if (sound.isSpeech !== wasSpeech) onSpeech?.((wasSpeech = sound.isSpeech));
    if (backend?.hear) backend.hear(sound);
    else if (canRecord(app) && unheard.push(sound) > MOST_CHUNKS) unheard.shift();
  }

  const showLevel = (level) => meter.style.setProperty("--level", level.toFixed(2));

  // What was heard

  const results = () => [...kept, ...current];
  const settle = () => ([kept, current] = [results(), []]);

  function recognised(all) {
    if (failures) onDoing(mode);
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
    else backend?.abort();
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
    mode = "recorder";
    const why = await hold();
    if (own !== run) return;
    if (why) return fail(why);
    hear();
    for (const sound of unheard.splice(0)) backend.hear(sound);
    return onDoing(mode);
  }

  function fail(why) {
    stop();
    onError(why);
  }

  function stop() {
    const last = backend?.stop();
    letGo();
    return last;
  }

  function abort() {
    backend?.abort();
    backend = null;
    letGo();
  }

  function letGo() {
    run = null;
    clearTimeout(retry);
    closeMicrophone?.();
    [closeMicrophone, unheard] = [null, []];
    showLevel(0);
  }

  return { start, stop, abort, clear, mode: () => mode, hasLevel: () => Boolean(closeMicrophone) };
}
