// The microphone: its samples, its level, and in one word why there is none.

import { asLevel, createActivity, decibels } from "./activity.js";

const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy" };

export const hasMicrophone = () => Boolean(navigator.mediaDevices?.getUserMedia && globalThis.AudioWorkletNode);

/**
 * Opens the microphone; `onSound({samples, rate, level, isSpeech, quietMs})` gets each piece of some 40 ms. The error's
 * `message` is refused, missing, busy or broken. The result's `close()` lets go of it.
 */
export async function openMicrophone({ onSound, onLost, isSpeaking }) {
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
