// The browser's own speech recognition (Web Speech), where there is one.

import { language } from "../i18n.js";
import { regional } from "./synthesis.js";

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
const QUICK_MS = 1_000;
const MAX_QUICK_ENDS = 4; // in a row: then it does not really work
const RESTART_MS = 200; // and longer after each quick end
const MAX_SILENT_ENDS = 60; // Chrome ends by itself after some 10 s of silence
const HARMLESS = ["no-speech", "aborted"];
const WHY = { "not-allowed": "refused", "audio-capture": "missing" };

const browser = globalThis.navigator?.userAgent;
const isAndroid = /Android/.test(browser);

/** Chrome alone hears while the page, too, holds the microphone. */
export const canShareMicrophone = /Chrome\//.test(browser) && !isAndroid;

/** By plain http it is there, and refused. */
let isWorking = Boolean(Recognition) && globalThis.isSecureContext !== false && !navigator.brave;

/** Some browsers have the interface and nobody who answers: they are found out when they are first used. */
export const hasRecognition = () => isWorking;

/** An ear (see listen.js). Its level is a guess. */
export function createRecognition({ onText, onLevel, onError }) {
  let session, restart;
  let kept = ""; // of sessions that ended
  let heard = "";
  let quickEnds = 0;
  let silentEnds = 0;

  function open() {
    const from = performance.now();
    session = Object.assign(new Recognition(), {
      lang: regional(language()),
      interimResults: true,
      continuous: !isAndroid, // there it repeats itself
      onresult,
      onspeechstart: () => onLevel(0.6),
      onerror: ({ error }) => HARMLESS.includes(error) || fail(WHY[error] ?? "broken"),
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
    heard = Array.from(results, ([{ transcript }]) => transcript).join("");
    onText(joined(kept, heard));
  }

  /** Chrome ends when it likes: go on, but not for ever. */
  function ended(lived) {
    [kept, heard] = [joined(kept, heard), ""];
    onLevel(0);
    quickEnds = lived < QUICK_MS ? quickEnds + 1 : 0;
    silentEnds++;
    if (quickEnds > MAX_QUICK_ENDS) fail("broken");
    else if (silentEnds > MAX_SILENT_ENDS) fail("silence");
    else restart = setTimeout(open, RESTART_MS * quickEnds);
  }

  function fail(why) {
    if (why === "broken") isWorking = false;
    abort();
    onError(why);
  }

  function abort() {
    clearTimeout(restart);
    session.onresult = session.onerror = session.onend = null; // it may still speak
    session.abort();
  }

  open();
  return { stop: abort, abort };
}

const joined = (one, other) => (/\w$/.test(one) && /^\w/.test(other) ? `${one} ${other}` : one + other).trimStart();
