// Sound needs a tap before browsers let it out; this is where the tap goes.

let context = null;
let isUnlocked = false;

/** The one AudioContext that plays. */
export function audioContext() {
  context ??= new AudioContext();
  return context;
}

/** To be called in the handler of a click or a key. */
export function unlock() {
  if (globalThis.AudioContext) audioContext().resume().catch(() => {});
  if (isUnlocked || !globalThis.speechSynthesis) return;
  isUnlocked = true;
  const nothing = new SpeechSynthesisUtterance("");
  nothing.volume = 0;
  speechSynthesis.speak(nothing); // iOS speaks later only if it has spoken in a tap
}

export function unlockAtFirstTap() {
  for (const type of ["click", "keydown"]) document.addEventListener(type, unlock, { once: true, capture: true });
}
