// The browser's own voices (speechSynthesis), with what each browser gets wrong put right.

import { secondsOf } from "./pieces.js";
import { settings } from "./settings.js";

const START_TIMEOUT_MS = 5_000; // network voices take their time
const END_TIMEOUT_MS = 4_000;
const AFTER_CANCEL_MS = 60; // what is said sooner is dropped by some browsers

const synth = globalThis.speechSynthesis;

/** Voices for fun, as systems from Apple have them, and variations on one voice of eSpeak. */
const NOVELTY = new RegExp(
  "^(?:Albert|Bad News|Bahh|Bells|Boing|Bubbles|Cellos|Deranged|Eddy|Flo|Fred|Good News|Grandma|Grandpa|Hysterical|" +
    "Jester|Junior|Kathy|(?:Pipe )?Organ|Ralph|Reed|Rocko|Sandy|Shelley|Superstar|Trinoids|Whisper|Wobble|Zarvox)" +
    "\\b|\\+",
);
const isNovelty = ({ name, voiceURI }) => NOVELTY.test(name) || /\.eloquence\./.test(voiceURI);

/** Android's voices have tags of their own for Chinese. */
const tagOf = (lang) => lang.toLowerCase().replaceAll("_", "-").replace(/^(?:cmn|yue)/, "zh").replace(/-han[st]/, "");
const shortOf = (lang) => tagOf(lang).split("-")[0];
const isCantonese = (tag) => /^zh-(?:hk|mo)/.test(tag);

/** "en" as the person's browser has it, say "en-GB". */
function regional(lang) {
  if (lang.includes("-")) return lang;
  return globalThis.navigator?.languages?.find((other) => shortOf(other) === lang) ?? lang;
}

/**
 * Voices that speak `spoken`, those that sound best first, those for fun last. Some browsers know their voices only
 * after a while.
 */
export function voicesFor(spoken, voices = synth?.getVoices() ?? []) {
  const here = tagOf(regional(spoken));
  const rank = (voice) =>
    (isNovelty(voice) ? 16 : 0) +
    (isCantonese(tagOf(voice.lang)) === isCantonese(here) ? 0 : 8) +
    (tagOf(voice.lang) === here ? 0 : 4) +
    (/natural|premium|enhanced|google/i.test(voice.name) ? 0 : 2) +
    (voice.localService ? 0 : 1);
  const own = voices.filter(({ lang }) => shortOf(lang) === shortOf(spoken));
  return own.sort((one, other) => rank(one) - rank(other));
}

/** Calls back now if there are voices, and whenever they change. */
export function onVoices(callback) {
  if (synth?.getVoices().length) callback();
  synth?.addEventListener?.("voiceschanged", callback);
}

let held = null; // Chrome forgets to tell of the end of what nobody holds
let cancelledAt = -Infinity;

/** A speech engine (see read-aloud.js). */
export const synthesis = {
  ...{ unlock, play, cancel, hush: cancel },
  load: async (text, language) => ({ text, language }),
  pause: () => synth?.pause(),
  resume: () => synth?.resume(),
};

function unlock() {
  if (!synth || held) return;
  held = Object.assign(new SpeechSynthesisUtterance(""), { volume: 0 });
  synth.speak(held); // iOS speaks later only if it has spoken in a tap
}

async function play({ text, language }) {
  synth.resume(); // Chrome may have been left paused
  if (synth.speaking || synth.pending) cancel();
  const wait = cancelledAt + AFTER_CANCEL_MS - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const lang = regional(language);
  const voices = voicesFor(lang);
  const usual = voices.find((voice) => !isNovelty(voice)) ?? null;
  const voice = voices.find(({ voiceURI }) => voiceURI === settings.voice) ?? usual;
  held = Object.assign(new SpeechSynthesisUtterance(text), { lang, voice, ...sound() });
  await saying(held);
}

const sound = () => ({ rate: settings.rate, volume: settings.volume });

/** Ends with the utterance, and also where the browser never says that it began or ended. */
function saying(utterance) {
  const longest = (2_000 * secondsOf(utterance.text)) / utterance.rate + END_TIMEOUT_MS;
  let watchdog;
  return new Promise((resolve, reject) => {
    watchdog = setTimeout(giveUp, START_TIMEOUT_MS, reject);
    utterance.onstart = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(giveUp, longest, resolve);
    };
    utterance.onend = resolve;
    utterance.onerror = ({ error }) => (/canceled|interrupted/.test(error) ? resolve() : reject(new Error(error)));
    synth.speak(utterance);
  }).finally(() => clearTimeout(watchdog));
}

function giveUp(settle) {
  cancel();
  settle(new Error("no voice"));
}

function cancel() {
  cancelledAt = performance.now();
  synth.cancel();
}
