// The browser's own speech recognition (Web Speech), where there is one.

import { language } from "../i18n.js";
import { regional } from "./synthesis.js";

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;
const MAX_QUICK_ENDS = 4; // in a row, each within QUICK_MS: then it does not really work
const QUICK_MS = 1_000;
const RESTART_MS = 200; // and longer after each quick end
const MAX_SILENT_ENDS = 60; // Chrome ends by itself after some 10 s of silence
const WHY = {
  "not-allowed": "refused",
  "service-not-allowed": "broken",
  "audio-capture": "missing",
  network: "broken",
  "language-not-supported": "broken",
};

let isBroken = false;

/** Some browsers have the interface and nobody who answers: they are found out when they are first used. */
export const hasRecognition = () => Boolean(Recognition) && !navigator.brave && !isBroken;

/** Chrome alone hears while the page, too, holds the microphone. */
export const canShareMicrophone = () =>
  /Chrome\//.test(navigator.userAgent) && !/Android|Mobile/.test(navigator.userAgent);

/** An ear (see listen.js). `onText(text)` gets all that was heard since start or reset, also while it may still change. */
export function createRecognition({ onText, onLevel, onError }) {
  let session = null;
  let kept = ""; // of sessions that ended
  let heard = "";
  let quickEnds = 0;
  let silentEnds = 0;

  function start() {
    [kept, heard, quickEnds, silentEnds] = ["", "", 0, 0];
    open();
  }

  function open() {
    const opened = new Recognition();
    const from = performance.now();
    const ifCurrent = (listener) => (event) => session === opened && listener(event);
    opened.lang = regional(language());
    opened.interimResults = true;
    opened.continuous = !/Android/.test(navigator.userAgent); // there it repeats itself
    opened.onresult = ifCurrent(({ results }) => {
      [quickEnds, silentEnds] = [0, 0];
      heard = [...results].map(([{ transcript }]) => transcript).join("");
      onText(joined(kept, heard));
    });
    opened.onspeechstart = ifCurrent(() => onLevel(0.6));
    opened.onspeechend = ifCurrent(() => onLevel(0));
    opened.onerror = ifCurrent(({ error }) => WHY[error] && fail(WHY[error]));
    opened.onend = ifCurrent(() => ended(performance.now() - from));
    session = opened;
    try {
      opened.start();
    } catch {
      ended(0); // the one before is not quite over
    }
  }

  /** Chrome ends when it likes: go on, but not for ever. */
  function ended(lived) {
    kept = joined(kept, heard);
    heard = "";
    onLevel(0);
    quickEnds = lived < QUICK_MS ? quickEnds + 1 : 0;
    if (quickEnds > MAX_QUICK_ENDS) return fail("broken");
    if (++silentEnds > MAX_SILENT_ENDS) return fail("silence");
    const ending = session;
    return setTimeout(() => session === ending && open(), RESTART_MS * quickEnds);
  }

  function fail(why) {
    isBroken ||= why === "broken";
    abort();
    onError(why);
  }

  /** What was heard so far is settled. */
  function reset() {
    if (session) stopListening(session);
    [kept, heard] = ["", ""];
    if (session) open();
  }

  function abort() {
    const last = session;
    session = null;
    if (last) stopListening(last);
  }

  return { name: "recognition", start, stop: abort, reset, abort };
}

/** An aborted session may still speak: nobody listens to it any more. */
function stopListening(session) {
  session.onresult = session.onend = session.onerror = null;
  session.abort();
}

const joined = (one, other) => (/\w$/.test(one) && /^\w/.test(other) ? `${one} ${other}` : one + other).trimStart();
