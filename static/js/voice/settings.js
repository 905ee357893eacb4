// What a person chose for speaking and listening; kept in this browser.

const KEY = "voice";
const DEFAULTS = { isAloud: false, voice: "", rate: 1, pauseSeconds: 3 };

/** `voice` is a voiceURI, "dify", or "" for the best there is. */
export function loadSettings() {
  const { isAloud, voice, rate, pauseSeconds } = { ...DEFAULTS, ...stored() };
  return {
    isAloud: isAloud === true,
    voice: String(voice),
    rate: within(rate, 0.6, 1.6, DEFAULTS.rate),
    pauseSeconds: within(pauseSeconds, 1, 8, DEFAULTS.pauseSeconds),
  };
}

export function saveSettings(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

const within = (value, low, high, otherwise) => (value >= low && value <= high ? Number(value) : otherwise);
