// The microphone, where the page itself holds it.

const REASONS = {
  ...{ NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing" },
  ...{ NotReadableError: "busy", AbortError: "failed" },
};
if (globalThis.isSecureContext === false) console.warn("Browsers give the microphone to https:// pages and to localhost only.");

/** Why `openMicrophone` failed, as speech-input.js tells it. */
export const reasonOf = ({ name }) => REASONS[name] ?? "broken";

/** `onSound(samples, rate)` gets pieces of 16 to 50 ms, all of one length. Returns what lets go of the microphone. */
export async function openMicrophone(onSound, onLost) {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const [track] = stream.getTracks();
  const context = new AudioContext();
  function close() {
    track.stop();
    context.close();
  }
  try {
    await listenTo(stream, context, onSound);
  } catch (error) {
    close();
    throw error;
  }
  if (track.readyState === "ended") {
    close();
    throw Object.assign(new Error("It is gone already"), { name: "NotFoundError" });
  }
  track.onended = onLost; // pulled out, or taken back in the browser's settings
  return close;
}

async function listenTo(stream, context, onSound) {
  const emit = (samples) => onSound(samples, context.sampleRate);
  const node = await createWorklet(context, emit).catch(() => createProcessor(context, emit));
  context.createMediaStreamSource(stream).connect(node);
  context.resume(); // not waited for: where it is not allowed, some browsers never say so
}

async function createWorklet(context, emit) {
  await context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
  const mono = { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" };
  const node = new AudioWorkletNode(context, "recorder", mono);
  node.port.onmessage = ({ data }) => emit(data);
  return node;
}

/** The old way, which needs no file: without a network there is no worklet. */
function createProcessor(context, emit) {
  const node = context.createScriptProcessor(2_048, 1, 1);
  node.onaudioprocess = ({ inputBuffer }) => emit(inputBuffer.getChannelData(0).slice());
  node.connect(context.destination); // or it does not run; it is silent
  return node;
}
