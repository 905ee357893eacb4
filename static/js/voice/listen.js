// Listening: by the browser's own recognition where it really works, else recorded and written down by Dify.

import { asLevel, createActivity, decibels } from "./activity.js";
import { canShareMicrophone, createRecognition, hasRecognition } from "./recognition.js";
import { createRecorder } from "./recorder.js";

const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy" };

const hasMicrophone = () => Boolean(navigator.mediaDevices?.getUserMedia && globalThis.AudioWorkletNode);

export const canListen = (app) => hasRecognition() || Boolean(app.speech_to_text && hasMicrophone());

/**
 * An ear is {name, start(), stop(), reset(), abort(), hear?(sound)}: `stop` hands out what is still to come, `reset` forgets
 * what was heard, `abort` leaves it at that. A listener chooses one, gives it the microphone where it needs it, and takes
 * the other where the first turns out not to work.
 *
 * It tells `onText(text, isDue)` (all that was heard since start or reset; isDue: the pause after it was waited for),
 * `onLevel(0…1)`, `onSpeech(isSpeech)` (by the level, where the microphone is ours), `onEar(name)`, `onBusy(isWriting)` and
 * `onError(why, words)`: refused, missing, busy, broken, silence, or unwritten with [key, values] of the page's words.
 * After all but the last it has stopped.
 */
export function createListener({ app, isHandsFree, isSpeaking = () => false, onEar, onLevel, onSpeech, onError, ...rest }) {
  const canRecord = app.speech_to_text && hasMicrophone();
  let ear = null;
  let microphone = null;
  let order = 0; // of starts and aborts
  let wasSpeech = false;

  function choose() {
    if (hasRecognition()) return createRecognition({ ...rest, onLevel: levelOf, onError: earFailed });
    return canRecord ? createRecorder({ ...rest, isHandsFree, onError: earFailed }) : null;
  }

  async function start() {
    const own = ++order;
    ear = choose();
    if (!ear) return fail("broken");
    const isShared = ear.name === "recognition" && canShareMicrophone() && hasMicrophone();
    try {
      if (isShared || ear.hear) await hold(own);
    } catch ({ message }) {
      if (own === order && (ear.hear || message === "refused")) return fail(message);
    }
    if (own !== order) return null;
    onEar(ear.name);
    return ear.start();
  }

  async function hold(own) {
    if (microphone) return;
    const opened = await openMicrophone({ onSound: soundHeard, onLost: () => fail("missing"), isSpeaking });
    if (own === order) microphone = opened;
    else opened.close();
  }

  function soundHeard(sound) {
    onLevel(sound.level);
    if (sound.isSpeech !== wasSpeech) onSpeech((wasSpeech = sound.isSpeech));
    ear?.hear?.(sound);
  }

  /** The recognition only guesses: our own microphone knows better. */
  const levelOf = (level) => microphone || onLevel(level);

  function earFailed(why, words) {
    if (words) onError(why, words);
    else if (why === "broken" && ear?.name === "recognition" && canRecord) start();
    else fail(why);
  }

  function fail(why) {
    abort();
    onError(why);
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
    order++;
    ear = null;
    wasSpeech = false;
    microphone?.close();
    microphone = null;
    onLevel(0);
  }

  return { start, stop, abort, reset: () => ear?.reset(), earName: () => ear?.name, hasLevel: () => Boolean(microphone) };
}

/**
 * `onSound({samples, rate, level, isSpeech, quietMs})` gets each piece of some 40 ms. The error's `message` is refused,
 * missing, busy or broken. The result's `close()` lets go of the microphone.
 */
async function openMicrophone({ onSound, onLost, isSpeaking }) {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio }).catch(({ name }) => {
    throw new Error(WHY[name] ?? "broken");
  });
  const context = new AudioContext();
  function close() {
    stream.getTracks().forEach((track) => track.stop());
    if (context.state !== "closed") context.close();
  }
  try {
    await listenTo(stream, context, onSound, isSpeaking);
  } catch {
    close();
    throw new Error("broken");
  }
  stream.getAudioTracks()[0].onended = onLost; // pulled out, or taken back in the browser's settings
  return { close };
}

async function listenTo(stream, context, onSound, isSpeaking) {
  const rate = context.sampleRate;
  const activity = createActivity();
  await context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
  const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  node.port.onmessage = ({ data: samples }) => {
    const db = decibels(samples);
    onSound({ samples, rate, level: asLevel(db), ...activity.feed(db, (samples.length / rate) * 1_000, isSpeaking()) });
  };
  context.createMediaStreamSource(stream).connect(node);
  context.resume(); // not waited for: where it is not allowed, some browsers never say so
}
