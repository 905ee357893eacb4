// The speech engines (see read-aloud.js): the app's voice and the browser's, and which of them speaks first.

import { language } from "../i18n.js";
import { createAppSpeech } from "./app-speech.js";
import { isOwnWanted } from "./settings.js";
import { synthesis, voicesFor } from "./synthesis.js";

/** Whose services may be used is the operator's word: see speech-input.js. `onSound(isOn)` tells when there is sound. */
export function createEngines({ app, api, onSound }) {
  const { engine = "auto" } = app.speech ?? {};
  const [hasBrowsers, hasApps] = ["browser", "dify"].map((one) => [one, "auto"].includes(engine));
  const appSpeech = hasApps && app.text_to_speech && globalThis.AudioContext ? createAppSpeech(api) : null;
  const all = [appSpeech, hasBrowsers && synthesis].filter(Boolean);
  const audibles = new Map(all.map((each) => [each, audible(each)]));
  let sounding = null; // an object of its own for each sound

  const voices = () => (hasBrowsers ? voicesFor(language()) : []);

  /** The one that is wanted first, or that works: an app's voice that failed is not the first for a while. */
  function inOrder() {
    const browsers = hasBrowsers && (!appSpeech || voices().length) && synthesis;
    const wanted = isOwnWanted() || appSpeech?.backOff.isOn() ? [browsers, appSpeech] : [appSpeech, browsers];
    return wanted.filter(Boolean).map((each) => audibles.get(each));
  }

  /** The same engine, of which is told when there is sound. */
  function audible(engine) {
    async function play(clip) {
      const own = (sounding = {});
      onSound(true);
      await engine.play(clip).finally(() => own === sounding && onSound(false));
    }
    function end(how) {
      sounding = null;
      engine[how]();
      onSound(false);
    }
    function pause() {
      engine.pause();
      onSound(false);
    }
    function resume() {
      onSound(true);
      engine.resume();
    }
    return { ...engine, play, pause, resume, cancel: () => end("cancel"), hush: () => end("hush") };
  }

  /** Has all of them do so. */
  const each = (act) => () => all.forEach((engine) => engine[act]());

  return { appSpeech, hasBrowsers, voices, inOrder, unlock: each("unlock"), pause: each("pause"), resume: each("resume") };
}
