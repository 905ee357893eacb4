// Short quiet sounds of a call: that it listens, that it thinks, and that it could not say all.

/** Below 150 ms, and faint: what hears a voice takes none of them for one. */
const LISTENING = [
  { hertz: 523, at: 0, seconds: 0.07 },
  { hertz: 784, at: 0.07, seconds: 0.07 },
];
const THINKING = [{ hertz: 392, at: 0, seconds: 0.07 }];
const FAILED = [
  { hertz: 523, at: 0, seconds: 0.07 },
  { hertz: 330, at: 0.07, seconds: 0.07 },
];
const GAIN = 0.03; // of full scale
const FADE_SECONDS = 0.02; // a tone that breaks off clicks
const AGAIN_MS = 3_000; // as long as it thinks

/** `isAllowed()` is asked before each sound. The first comes with the tap that begins a call: else there is none. */
export function createCallSounds(isAllowed) {
  let context, repeating;

  function play(tones) {
    context ??= new AudioContext();
    context.resume().catch(() => {});
    if (isAllowed()) tones.forEach(playTone);
  }

  function playTone({ hertz, at, seconds }) {
    const [tone, volume] = [new OscillatorNode(context, { frequency: hertz }), new GainNode(context, { gain: 0 })];
    const [from, to] = [context.currentTime + at, context.currentTime + at + seconds];
    tone.connect(volume).connect(context.destination);
    volume.gain.setValueAtTime(0, from).linearRampToValueAtTime(GAIN, from + FADE_SECONDS);
    volume.gain.setValueAtTime(GAIN, to - FADE_SECONDS).linearRampToValueAtTime(0, to);
    tone.start(from);
    tone.stop(to);
  }

  /** To be called whenever that may have changed. */
  function thinking(isOn) {
    if (!isOn) repeating = clearInterval(repeating);
    else if (!repeating) {
      play(THINKING);
      repeating = setInterval(play, AGAIN_MS, THINKING);
    }
  }

  /** Until the next sound. */
  function close() {
    context?.close();
    context = null;
  }

  return { listening: () => play(LISTENING), failed: () => play(FAILED), thinking, close };
}
