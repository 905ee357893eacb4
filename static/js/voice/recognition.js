// The browser's own speech recognition (Web Speech), where there is one.

import { language } from "../i18n.js";
import { after, wordsOf } from "./phrases.js";

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
const LAG_MS = 1_000; // what it tells was said so much earlier
const QUICK_MS = 1_000;
const MAX_QUICK_ENDS = 4; // in a row: then it does not really work
const RESTART_MS = 200; // and longer after each quick end
const MAX_SILENT_ENDS = 60; // Chrome ends by itself after some 10 s of silence
const LAST_WORDS_MS = 3_000; // for those that it still has to tell when it is stopped
const HARMLESS = ["no-speech", "aborted"];
const TRANSIENT = ["network", "not-allowed", "audio-capture", "silence"]; // next time it may be well

/** Of its errors (SpeechRecognitionErrorCode), why there is no microphone, and why nobody answers. */
export const MICROPHONE_ERRORS = { "not-allowed": "refused", "audio-capture": "missing" };
export const SERVICE_ERRORS = {
  ...{ network: "network", silence: "silence", "language-not-supported": "language" },
  ...{ "not-allowed": "service", "service-not-allowed": "service" },
};

const { userAgent, brave, languages = [] } = globalThis.navigator ?? {};
const isAndroid = /Android/.test(userAgent);
const unfit = new Set(); // languages that it does not take here

/** Chrome alone hears while the page, too, holds the microphone. */
export const canShareMicrophone = /Chrome\//.test(userAgent) && !isAndroid;

/**
 * The language to recognise, as a BCP 47 tag: the browser's first, also where the page does not speak it. A page that
 * was put into another language than the browser's lead to (see boot.js), by ?lang or the switch, is spoken to in that
 * one, of the region that the browser names.
 */
export function spokenLanguage(shown = language(), wanted = languages) {
  const short = (tag) => tag.slice(0, 2).toLowerCase();
  const byItself = wanted.find((tag) => /^(en|zh)\b/i.test(tag)) ?? "en";
  return (short(byItself) === short(shown) ? wanted[0] : wanted.find((tag) => short(tag) === short(shown))) ?? shown;
}

/** By plain http it is refused; Brave has the interface, and nobody who answers. */
export const hasRecognition = Boolean(Recognition) && globalThis.isSecureContext !== false && !brave;

/** Whether it is the first to be tried where there is another way. */
export const recognises = () => hasRecognition && !unfit.has(spokenLanguage());

/**
 * A backend of speech-input.js. `onStart` tells that it hears, each time it begins: before, the person may be asked for
 * the microphone. `onResults` gets all results so far. Its level is a guess. `onError` gets an error of Web Speech,
 * "silence", or "ended" where it does nothing but end.
 */
export function createRecognition({ onStart, onResults, onLevel, onError }) {
  const lang = spokenLanguage();
  let session, restart, lastWords;
  let kept = []; // of sessions that ended
  let heard = [];
  let quickEnds = 0;
  let silentEnds = 0;
  let isOn;

  function open() {
    const from = performance.now();
    isOn = true;
    session = Object.assign(new Recognition(), {
      lang,
      interimResults: true,
      continuous: !isAndroid, // there it repeats itself
      onstart: onStart,
      onresult,
      onspeechstart: () => onLevel(0.6),
      onerror: ({ error }) => HARMLESS.includes(error) || fail(error),
      onend: () => ended(performance.now() - from),
    });
    try {
      session.start();
    } catch {
      ended(0); // the one before is not quite over
    }
  }

  function onresult({ results }) {
    [quickEnds, silentEnds] = [0, 0];
    heard = Array.from(results, ([{ transcript }], at) => resultOf(transcript.replace(/^ +| +$/g, ""), heard[at]));
    onResults([...kept, ...heard].filter(({ text }) => text));
  }

  /** Chrome ends when it likes: go on, but not for ever. */
  function ended(lived) {
    [kept, heard, isOn] = [[...kept, ...heard], [], false];
    onLevel(0);
    if (lastWords) return lastWords();
    quickEnds = lived < QUICK_MS ? quickEnds + 1 : 0;
    silentEnds++;
    if (quickEnds > MAX_QUICK_ENDS) fail("ended");
    else if (silentEnds > MAX_SILENT_ENDS) fail("silence");
    else restart = setTimeout(open, RESTART_MS * quickEnds);
  }

  function fail(error) {
    if (lastWords) return;
    if (!TRANSIENT.includes(error)) unfit.add(lang);
    abort();
    onError(error);
  }

  /** Returns when it told what it had heard by now. */
  async function stop() {
    if (isOn) {
      const isOver = new Promise((resolve) => (lastWords = resolve));
      setTimeout(lastWords, LAST_WORDS_MS);
      session.stop();
      await isOver;
    }
    abort();
  }

  function abort() {
    clearTimeout(restart);
    session.onstart = session.onresult = session.onerror = session.onend = null; // it may still speak
    session.abort();
  }

  open();
  return { stop, abort };
}

/** A result that only gets its capitals and full stops later was heard when its words were. */
function resultOf(text, before) {
  const now = performance.now();
  if (!before) return { text, from: now - LAG_MS, endsAt: now };
  return { ...before, text, endsAt: wordsOf(after(text, before.text)).length ? now : before.endsAt };
}
