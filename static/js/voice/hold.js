// Holds what the page says while it is not clear whether somebody interrupts it.

/** `voice` is {pause(), resume()}; `onChange(isHeld)` tells when there is no sound for that reason. */
export function createHold(voice, onChange) {
  let isOn = false;
  let timer;

  function set(other) {
    clearTimeout(timer);
    if (isOn === other) return false;
    isOn = other;
    onChange(isOn);
    return true;
  }

  /** Somebody begins to speak, or is silent: their words are there within `lagMs`, or there are none. */
  function speech(isSpeech, lagMs) {
    clearTimeout(timer);
    if (isOn && !isSpeech) timer = setTimeout(release, lagMs);
  }

  /** Silence comes first: what is shown of it takes its time. */
  function start() {
    if (isOn) return;
    voice.pause();
    set(true);
  }

  function release() {
    if (set(false)) voice.resume();
  }

  /** Without going on. */
  function end() {
    clearTimeout(timer);
    isOn = false;
  }

  return { start, speech, release, end, isOn: () => isOn };
}
