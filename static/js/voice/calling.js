// A hands-free call: listens, asks after a pause, has the answer read unless it is interrupted, and listens again.

import { createCallView } from "./call-view.js";
import { withoutEcho } from "./echo.js";
import { listen } from "./listen.js";
import { settings } from "./settings.js";

const LOUD_LATELY_MS = 1_500;
const COMMANDS = /^(?:stop|wait|no|halt|enough|停|等|不|够了)/i; // where there is no level, one word could be a mishearing

export function createCalling({ app, api, asker, reader }, parts = { createCallView, listen }) {
  const view = parts.createCallView({ interrupt, mute, end: () => end(), again: start });
  let state = "idle"; // listening, thinking, speaking, refused, ended
  let isMuted, heard, asked, before; // `before`: a question that was broken off because its asker went on speaking
  let said; // what may be heard of the page's own voice
  let listener, note, pause, screenLock, turnId;
  let speechAt = -Infinity;

  const isLive = () => ["listening", "thinking", "speaking"].includes(state);
  const pauseMs = () => settings.pauseSeconds * 1_000;
  const question = () => `${before} ${heard}`.trim();

  function show() {
    const shown = { isLive: isLive(), isMuted, earName: listener.earName(), question: question() || asked };
    view.show(state, { ...shown, saying: said.at(-1), note });
  }

  function become(name) {
    state = name;
    show();
  }

  function tell(words) {
    note = words;
    show();
  }

  /** Called by a tap. */
  function start() {
    reader.stop();
    [isMuted, heard, asked, before, said, note] = [false, "", "", "", [], null];
    view.open();
    hear();
    become("listening");
    keepAwake();
  }

  function hear() {
    listener = parts.listen({
      ...{ app, api, pauseMs, meter: view.meter },
      isSpeaking: () => state === "speaking",
      onText,
      onSpeech,
      onDoing: (name, words) => tell(name === "writing" ? ["voice.writing"] : words),
      onError: end,
    });
  }

  function onText(text, isDue = false) {
    const own = withoutEcho(text, said.join(" "));
    if (!own || (state === "speaking" && !isDue && !interrupts(own))) return;
    if (state !== "listening") interrupt();
    heard = own;
    if (isDue) return ask();
    wait();
    show();
  }

  /** Words count only if somebody was loud enough; where the level is not known, two of them, or a command. */
  function interrupts(text) {
    if (listener.hasLevel()) return performance.now() - speechAt < LOUD_LATELY_MS;
    return COMMANDS.test(text) || /\p{L}[\s\S]*\s\S|\p{Script=Han}{2}/u.test(text);
  }

  /** With recognition it takes words to interrupt; a recording has none before its end. */
  function onSpeech(isSpeech) {
    speechAt = performance.now();
    if (!isSpeech) return heard && wait();
    clearTimeout(pause);
    if (state === "speaking" && listener.earName() === "recorder") interrupt();
    return tell(null);
  }

  function wait() {
    clearTimeout(pause);
    pause = setTimeout(ask, pauseMs());
  }

  function ask() {
    clearTimeout(pause);
    asked = question();
    forget();
    become("thinking");
    if (!asker.ask(asked)) end("closed");
  }

  function forget() {
    [heard, before, said, turnId] = ["", "", [], null];
    listener.reset();
  }

  function interrupt() {
    before = state === "thinking" ? asked : ""; // they go on with the same question
    turnId = null;
    reader.stop();
    asker.stop();
    become("listening");
  }

  function mute() {
    isMuted = !isMuted;
    clearTimeout(pause);
    [heard, before] = ["", ""];
    if (isMuted) listener.abort();
    else hear();
    show();
  }

  function end(why) {
    clearTimeout(pause);
    turnId = null;
    reader.stop();
    listener.abort();
    if (why) note = [`voice.${why}`];
    become(why === "refused" ? "refused" : "ended");
    keepAwake();
  }

  /** Browsers end it by themselves when the page is hidden. */
  async function keepAwake() {
    if (isLive()) screenLock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (!isLive()) screenLock?.release();
  }

  const turn = {
    started({ id }) {
      if (state === "thinking") turnId = id;
    },
    /** The reader tells what it says, and when it has said all. */
    saying(text) {
      if (!isLive()) return;
      said.push(text);
      become(state === "thinking" ? "speaking" : state);
    },
    done(id, hasFailed) {
      if (id !== turnId) return;
      note = hasFailed ? ["voice.unspoken"] : null;
      asked = "";
      forget();
      become("listening");
    },
  };

  document.addEventListener("visibilitychange", keepAwake);
  return { start, turn, isLive };
}
