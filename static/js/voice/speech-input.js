// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { createEndpoint } from "./endpoint.js";
import { openMicrophone, reasonOf } from "./microphone.js";
import { joined } from "./phrases.js";
import * as recognition from "./recognition.js";
import { createRecognisedTurn } from "./recognised-turn.js";
import { createRecorder } from "./recorder.js";
import { settings } from "./settings.js";
import { asLevel, createVoiceActivity, decibels } from "./voice-activity.js";

const TRIES = 4; // where it cannot be reached, and nothing else could listen
const RECOGNITION_MS = 1_200; // from speech to its words, at most
const MOST_LAG_MS = 3_000;
const UNCLEAR_MS = 2_400; // of a recording without words, with what was before: it was no short noise
const RETRY_MS = 1_000; // doubled each time
const BY_HAND = "by hand";
const [LAG_CHUNKS, MOST_CHUNKS] = [40, 1_400]; // of some 20 ms: recognition tells of what it heard so much later

/** Whose services may be used is the operator's word: "auto", "dify", "browser" or "off". */
const allows = ({ speech }, engine) => ["auto", engine].includes(speech?.engine ?? "auto");
const canRecord = (app) => Boolean(allows(app, "dify") && app.speech_to_text && navigator.mediaDevices?.getUserMedia);
const canRecognise = (app) => recognition.hasRecognition && allows(app, "browser");
export const hasSpeechInput = (app) => canRecognise(app) || canRecord(app);

/**
 * Listens from `start()` until `stop(isOver)`, which still tells what was said by then, or `abort()`; then it can be
 * started again. `clear()` forgets the results so far. The node `meter` shows the level. Tells onResults(results, isDue,
 * times): each is {text, from, endsAt}, heard between these milliseconds. With `takesTurns`, `isDue` says that the
 * person's turn is over, true by itself, or "by hand" by `finish()`, and `times` when: {speechEndedAt, silenceAt,
 * transcriptAt}. Further onSpeech(isSpeech), where there is a level; onDoing(name) as soon as it hears: recognition,
 * recorder, network while that cannot be reached, or unclear where there were no words; and onError(why) when it ends by
 * itself: refused, missing, unplugged, busy, failed, network, service, language, broken, silence or full.
 * `isSpeaking()`: whether the page sounds; in a call `answered()` is to be called when it begins to.
 */
export function createSpeechInput({ app, transcriber, takesTurns, meter, isSpeaking, ...on }) {
  const { onResults, onSpeech, onDoing, onError } = on;
  const endpoint = takesTurns && createEndpoint(settings, !/^(?:en|zh)/i.test(recognition.spokenLanguage()));
  const onOver = (times, isByHand) => tell(isByHand ? BY_HAND : true, times);
  const turn = endpoint && createRecognisedTurn({ endpoint, quietMs: () => (closeMicrophone ? quietMs : null), onOver });
  let run = null; // an object of its own as long as it listens
  let activity, mode, backend, closeMicrophone, retry, wasSpeech, failures;
  let quietMs = 0;
  let [kept, current] = [[], []]; // results that stay as they are, and those of recognition, which may change its mind
  let wantedUntil = 0; // by the person, at once: what is said by then
  let unheard = []; // sound since recognition last told something, for a recorder that has to take over

  async function start() {
    const own = (run = {});
    [activity, wasSpeech, failures] = [createVoiceActivity(), false, 0];
    mode = canRecognise(app) && (!canRecord(app) || recognition.recognises()) ? "recognition" : "recorder";
    const why = mode === "recorder" || recognition.canShareMicrophone ? await hold() : null;
    if (own !== run) return;
    if (why === "refused" || (why && mode === "recorder")) fail(why);
    else hear();
    if (run && endpoint) turn.hears(text()); // before: without more, it is due after a pause
  }

  /** Takes the microphone, before recognition asks for it, too; returns why it could not. */
  async function hold() {
    if (closeMicrophone) return null;
    if (mode === "recorder" && !canRecord(app)) return "broken";
    const own = run;
    try {
      const close = await openMicrophone(soundHeard, unplugged);
      if (own === run && !closeMicrophone) closeMicrophone = close;
      else close();
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** There may be another one. Whoever spoke is not heard to their end. */
  async function unplugged() {
    const own = run;
    closeMicrophone();
    closeMicrophone = null;
    activity = createVoiceActivity();
    if (wasSpeech) speechChanged(false);
    if (mode === "recognition") backend.abort();
    const why = await hold();
    if (own !== run) return;
    if (why) fail("unplugged");
    else if (mode === "recognition") hear();
  }

  /** A backend is {stop(), abort(), hear?(sound)}, and listens at once. */
  function hear() {
    backend?.abort();
    [kept, current] = [results(), []];
    const onLevel = (level) => closeMicrophone || showLevel(level);
    const told = { onStart: begun, onResults: recognised, onError: recognitionFailed };
    if (mode === "recognition") backend = recognition.createRecognition({ ...told, onLevel });
    else backend = createRecorder({ endpoint, speculate, onGuess: guessed, onRecorded: recorded });
    if (mode === "recorder") begun();
  }

  /** Again and again, with recognition: it is told of once. */
  function begun() {
    if (run && run.doing !== mode) onDoing((run.doing = mode));
  }

  function soundHeard(samples, rate) {
    if (!run) return;
    const db = decibels(samples);
    const sound = { samples, rate, ...activity.feed(db, (samples.length / rate) * 1_000, isSpeaking?.()) };
    ({ quietMs } = sound);
    showLevel(asLevel(db));
    if (sound.isSpeech !== wasSpeech) speechChanged(sound.isSpeech);
    if (backend?.hear) backend.hear(sound);
    else if (canRecord(app) && unheard.push(sound) > MOST_CHUNKS) unheard.shift();
  }

  function speechChanged(isSpeech) {
    wasSpeech = isSpeech;
    if (isSpeech) endpoint?.begins(performance.now());
    onSpeech?.(isSpeech);
    if (endpoint) turn[mode === "recognition" ? "sounds" : "stop"](); // a recorder tells by itself when that is over
  }

  const showLevel = (level) => meter.style.setProperty("--level", level.toFixed(2));

  // What was heard

  const results = () => [...kept, ...current];
  const text = () => results().reduce((before, result) => joined(before, result.text), "");

  function tell(isDue, times) {
    if (isDue && endpoint) endpoint.isOver(text(), performance.now());
    onResults(results(), isDue, times);
  }

  function recognised(all) {
    if (failures) onDoing(mode);
    [current, failures, unheard] = [all, 0, unheard.slice(-LAG_CHUNKS)];
    const isAtOnce = performance.now() < wantedUntil && text();
    tell(false);
    if (!endpoint) return;
    if (!closeMicrophone) endpoint.begins(performance.now());
    endpoint.hears(text());
    turn.hears(text());
    if (!isAtOnce) return;
    wantedUntil = 0;
    turn.finish(true);
  }

  const speculate = (recording) =>
    app.speech?.speculative === false || transcriber.isBusy() ? null : transcriber.speculate(recording);

  /** What may not be all that was said. */
  function guessed(words, { from, endsAt }) {
    current = words ? [{ text: words, from, endsAt }] : [];
    endpoint.hears(words);
    tell(false);
  }

  /** Recordings come in their order. The last one is due; those before it would be asked without it. */
  async function recorded(recording, isDue) {
    const { from, endsAt, silenceAt, guess } = recording;
    const writing = transcriber.transcribe(recording);
    if (transcriber.isFull()) fail("full");
    const words = (await writing)?.trim();
    const transcriptAt = guess?.at ?? performance.now();
    if (endpoint && !guess?.at) endpoint.hears(words ?? "");
    [current, kept] = [[], words ? [...kept, { text: words, from, endsAt }] : kept];
    if (endpoint && words === "" && endsAt - from > UNCLEAR_MS) onDoing("unclear");
    const goesOn = isDue !== BY_HAND && backend?.isSpoken?.() && run;
    tell(!transcriber.isBusy() && !goesOn && isDue, { speechEndedAt: endsAt, silenceAt, transcriptAt });
  }

  const isRecording = () => Boolean(mode === "recorder" && run && backend?.isSpoken?.());
  /** Whether there is something to send, as far as one knows. */
  const canFinish = () => mode !== "recorder" || isRecording() || Boolean(text());

  /** The turn is over, says the person. */
  function finish() {
    if (isRecording()) return backend.stop(BY_HAND);
    if (mode === "recorder") return text() && !transcriber.isBusy() && tell(BY_HAND);
    wantedUntil = text() ? 0 : performance.now() + RECOGNITION_MS;
    return turn.finish(true);
  }

  function clear() {
    kept = [];
    if (endpoint) turn.hears("");
    if (!current.length) return;
    current = [];
    if (run) hear();
    else backend?.abort();
  }

  // When it ends

  function recognitionFailed(error) {
    const isTransient = error === "network" && ++failures < TRIES;
    if (error in recognition.MICROPHONE_ERRORS && !closeMicrophone) fail(recognition.MICROPHONE_ERRORS[error]);
    else if (error !== "silence" && canRecord(app)) takeOver();
    else if (isTransient) {
      retry = setTimeout(hear, RETRY_MS * 2 ** failures);
      onDoing("network");
    } else fail(recognition.SERVICE_ERRORS[error] ?? "broken");
  }

  async function takeOver() {
    const own = run;
    mode = "recorder";
    const why = await hold();
    if (own !== run) return;
    if (why) return fail(why);
    hear();
    for (const sound of unheard.splice(0)) backend.hear(sound);
  }

  function fail(why) {
    halt();
    onError(why);
  }

  /** Returns when all is told. `isOver`: whether the turn is, too. */
  async function stop(isOver = true) {
    await halt(isOver);
    if (endpoint && mode === "recognition" && !run && isOver) turn.finish();
  }

  function halt(isOver = true) {
    const last = backend?.stop(isOver);
    letGo();
    return last;
  }

  /** Ends it. What was recorded by now is still told, without what was guessed of it. */
  function leave() {
    if (!isRecording()) return abort();
    current = [];
    tell(false);
    return halt();
  }

  function abort() {
    backend?.abort();
    backend = null;
    letGo();
  }

  function letGo() {
    run = null;
    clearTimeout(retry);
    if (endpoint) turn.stop();
    closeMicrophone?.();
    [closeMicrophone, unheard] = [null, []];
    showLevel(0);
  }

  /** So long after speech its words come, if there are any. */
  const lagMs = () => (mode === "recorder" ? endpoint.longest() + MOST_LAG_MS : RECOGNITION_MS);
  const hasLevel = () => Boolean(closeMicrophone);

  return { start, stop, leave, abort, clear, canFinish, finish, answered: endpoint?.answered, lagMs, hasLevel, mode: () => mode };
}
