// A microphone into which the test speaks recordings, instead of the browser's own.

window.microphone = {
  /** Speaks a WAV file, given in base64; returns when that is said. */
  async say(file) {
    const bytes = Uint8Array.from(atob(file), (char) => char.charCodeAt(0));
    const { context, out } = window.microphone;
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(bytes.buffer) });
    source.connect(out);
    source.start();
    await new Promise((resolve) => (source.onended = resolve));
  },
};

navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const out = new MediaStreamAudioDestinationNode(context);
  Object.assign(window.microphone, { context, out });
  return out.stream;
};
