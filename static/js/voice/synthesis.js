// The browser's own voices (speechSynthesis), with what each browser gets wrong put right.

import { language } from "../i18n.js";
import { secondsOf } from "./sentences.js";

const START_PATIENCE_MS = 5_000; // network voices take their time
const END_PATIENCE_MS = 4_000;
const AFTER_CANCEL_MS = 60; // what is said sooner is dropped by some browsers

const synth = globalThis.speechSynthesis;

/** The language to read `text` in, as a BCP 47 tag: what its script says, else the page's. */
export function languageOf(text, otherwise) {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja-JP";
  if (/\p{Script=Hangul}/u.test(text)) return "ko-KR";
  const signs = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const letters = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  if (signs * 3 > letters) return "zh-CN";
  return letters && otherwise.startsWith("zh") ? "en-US" : otherwise;
}

/** "en" as the person's browser has it, say "en-GB". */
export function regional(short) {
  const isSame = (other) => other.split("-")[0] === short.split("-")[0];
  return short.includes("-") ? short : (globalThis.navigator?.languages?.find(isSame) ?? short);
}

/** Voices that speak `spoken`, those that sound best first. Some browsers know their voices only after a while. */
export function voicesFor(spoken, voices = synth?.getVoices() ?? []) {
  const [wanted] = spoken.toLowerCase().split("-");
  const rank = ({ lang, name, localService }) =>
    (lang.replace("_", "-").toLowerCase() === regional(spoken).toLowerCase() ? 0 : 4) +
    (/natural|premium|enhanced|google/i.test(name) ? 0 : 2) +
    (localService ? 0 : 1);
  const own = voices.filter(({ lang }) => lang.toLowerCase().split(/[-_]/)[0].replace("cmn", "zh") === wanted);
  return own.sort((one, other) => rank(one) - rank(other));
}

/** Calls back now if there are voices, and whenever they change. */
export function onVoices(callback) {
  if (synth?.getVoices().length) callback();
  synth?.addEventListener?.("voiceschanged", callback);
}

/** A way of speaking (see reader.js). `settings` is {voice, rate}. */
export function createSynthesis(settings) {
  const spoken = new Set(); // Chrome forgets to tell of the end of what nobody holds
  let cancelledAt = -Infinity;

  async function play(text) {
    synth.resume(); // Chrome may have been left paused
    if (synth.speaking || synth.pending) cancel();
    const since = performance.now() - cancelledAt;
    if (since < AFTER_CANCEL_MS) await new Promise((resolve) => setTimeout(resolve, AFTER_CANCEL_MS - since));
    const { voice, rate } = settings;
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = regional(languageOf(text, language()));
    const fitting = voicesFor(utterance.lang);
    utterance.voice = fitting.find(({ voiceURI }) => voiceURI === voice) ?? fitting[0] ?? null;
    utterance.rate = rate;
    spoken.add(utterance);
    await saying(utterance).finally(() => spoken.delete(utterance));
  }

  /** Ends with the utterance, and also where the browser never says that it began or ended. */
  function saying(utterance) {
    return new Promise((resolve, reject) => {
      const giveUp = (settle) => () => {
        cancel();
        settle(new Error("no voice"));
      };
      let watchdog = setTimeout(giveUp(reject), START_PATIENCE_MS);
      utterance.onstart = () => {
        clearTimeout(watchdog);
        const expected = (2_000 * secondsOf(utterance.text)) / utterance.rate;
        watchdog = setTimeout(giveUp(resolve), expected + END_PATIENCE_MS);
      };
      utterance.onend = () => resolve(clearTimeout(watchdog));
      utterance.onerror = ({ error }) => {
        clearTimeout(watchdog);
        if (error === "canceled" || error === "interrupted") resolve();
        else reject(new Error(error));
      };
      synth.speak(utterance);
    });
  }

  function cancel() {
    cancelledAt = performance.now();
    synth.cancel();
  }

  return { load: async (text) => text, play, silence: async () => {}, cancel };
}
