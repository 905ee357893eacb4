// A hands-free call: listens, asks after a pause, has the answer read unless it is interrupted, and listens again.

import { createCallView } from "./call-view.js";
import { withoutEcho } from "./echo.js";
import { listen } from "./listen.js";
import { settings } from "./settings.js";

const LOUD_LATELY_MS = 1_500;
const COMMANDS = /^(?:stop|wait|no|halt|enough|停|等|不|够了)/i;

/**
 * `state`: idle, listening, thinking, speaking, refused or ended. `asked`: the question under way, or to be gone on
 * with. `heard`: what was heard since. `saying`: the last sentence of the answer.
 */
const IDLE = { state: "idle", isMuted: false, asked: "", heard: "", saying: "", note: null };

/** `parts` are others in tests. */
export function createCalling({ app, api, asker, reader }, parts = { createCallView, listen }) {
  const view = parts.createCallView({ interrupt, mute, end: () => end(), again: start });
  let call = IDLE;
  let listener, pause, screenLock, turnId;
  let said = []; // what may be heard of the page's own voice
  let speechAt = -Infinity;

  const isLive = () => ["listening", "thinking", "speaking"].includes(call.state);
  const question = () => `${call.asked} ${call.heard}`.trim();
  const pauseMs = () => settings.pauseSeconds * 1_000;

  function change(more) {
    call = { ...call, ...more };
    view.show({ ...call, question: question(), isLive: isLive(), earName: listener.earName() });
  }

  function start() {
    reader.stop();
    said = [];
    hear();
    change({ ...IDLE, state: "listening" });
    keepAwake();
  }

  function hear() {
    listener = parts.listen({
      ...{ app, api, pauseMs, meter: view.meter, onText, onSpeech, onError: end },
      isSpeaking: () => call.state === "speaking",
      onDoing: (name, words) => change({ note: name === "writing" ? ["voice.writing"] : words }),
    });
  }

  function onText(text, isDue) {
    const heard = withoutEcho(text, said.join(" "));
    if (!heard || (call.state === "speaking" && !isDue && !interrupts(heard))) return;
    if (call.state !== "listening") interrupt();
    change({ heard });
    if (isDue) ask();
    else wait();
  }

  /** Words count if somebody was loud; where there is no level, two of them or a command: one could be misheard. */
  function interrupts(text) {
    if (listener.hasLevel()) return performance.now() - speechAt < LOUD_LATELY_MS;
    return COMMANDS.test(text) || /\p{L}[\s\S]*\s\S|\p{Script=Han}{2}/u.test(text);
  }

  /** With recognition it takes words to interrupt; a recording has none before its end. */
  function onSpeech(isSpeech) {
    speechAt = performance.now();
    if (!isSpeech) return call.heard && wait();
    clearTimeout(pause);
    if (call.state === "speaking" && listener.earName() === "recorder") interrupt();
    return change({ note: null });
  }

  function wait() {
    clearTimeout(pause);
    pause = setTimeout(ask, pauseMs());
  }

  function ask() {
    forget();
    change({ state: "thinking", asked: question(), heard: "" });
    if (!asker.ask(call.asked)) end("closed");
  }

  function forget() {
    clearTimeout(pause);
    [said, turnId] = [[], null];
    listener.reset();
  }

  function interrupt() {
    const asked = call.state === "thinking" ? call.asked : ""; // they go on with the same question
    turnId = null;
    reader.stop();
    asker.stop();
    change({ state: "listening", asked });
  }

  function mute() {
    clearTimeout(pause);
    if (call.isMuted) hear();
    else listener.abort();
    change({ isMuted: !call.isMuted, heard: "", asked: call.state === "listening" ? "" : call.asked });
  }

  function end(why) {
    clearTimeout(pause);
    turnId = null;
    reader.stop();
    listener.abort();
    change({ state: why === "refused" ? "refused" : "ended", note: why && [`voice.${why}`] });
    keepAwake();
  }

  /** Browsers let the screen sleep again when the page is hidden. */
  async function keepAwake() {
    if (isLive()) screenLock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (!isLive()) screenLock?.release();
  }

  const turn = {
    started({ id }) {
      if (call.state === "thinking") turnId = id;
    },
    /** The reader tells what it says, and when it has said all. */
    saying(text) {
      if (!isLive()) return;
      said.push(text);
      change({ saying: text, state: call.state === "thinking" ? "speaking" : call.state });
    },
    done(id, hasFailed) {
      if (id !== turnId) return;
      forget();
      change({ state: "listening", asked: "", note: hasFailed && ["voice.unspoken"] });
    },
  };

  document.addEventListener("visibilitychange", keepAwake);
  return { start, turn, isLive };
}
