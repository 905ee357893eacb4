// Runs a hands-free call: does what call.js says, with the microphone, the page's questions and the reader.

import { createCallView } from "./call-view.js";
import { IDLE, isLive, next } from "./call.js";
import { withoutEcho } from "./echo.js";
import { listen } from "./listen.js";
import { settings } from "./settings.js";

const LOUD_LATELY_MS = 1_500;
const COMMANDS = /^(?:stop|wait|no|halt|enough|停|等|不|够了)/i; // where there is no level, one word could be a mishearing

export function createCalling({ app, api, asker, reader }) {
  const pauseMs = () => settings.pauseSeconds * 1_000;
  let call = IDLE;
  let listener, pause, lock;
  let turnId = null;
  let said = []; // what may be heard of the page's own voice
  let note = null;
  let speechAt = -Infinity;

  const view = createCallView({
    interrupt: () => dispatch("speech"),
    mute: () => dispatch("mute"),
    again: start,
    end: () => dispatch("end"),
  });
  const hearing = {
    ...{ app, api, pauseMs, meter: view.meter },
    isSpeaking: () => call.name === "speaking",
    onText: heard,
    onSpeech: speech,
    onDoing: (name, words) => tell(name === "writing" ? ["voice.writing"] : words),
    onError: (why) => dispatch("failed", { why }),
  };

  const EFFECTS = {
    listen: () => (listener = listen(hearing)),
    deafen: () => listener.abort(),
    wait() {
      clearTimeout(pause);
      pause = setTimeout(dispatch, pauseMs(), "due");
    },
    hold: () => clearTimeout(pause),
    ask() {
      turnId = null;
      if (!asker.ask(call.asked)) dispatch("failed", { why: "closed" });
    },
    hush: reader.stop,
    stop: asker.stop,
    fresh() {
      said = [];
      listener.reset();
    },
    release() {
      clearTimeout(pause);
      listener.abort();
      keepAwake();
    },
  };

  function dispatch(type, more) {
    const { call: changed, effects } = next(call, { type, ...more });
    call = changed;
    for (const effect of effects) EFFECTS[effect]();
    show();
  }

  function show() {
    view.show(call, { ear: listener?.earName(), saying: said.at(-1), note });
  }

  function tell(words) {
    note = words;
    show();
  }

  /** Called by a tap. */
  function start() {
    reader.stop();
    [said, note] = [[], null];
    view.open();
    dispatch("start");
    keepAwake();
  }

  /** The browser by itself lets the screen sleep again when the page is hidden. */
  async function keepAwake() {
    if (isLive(call)) lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (!isLive(call)) lock?.release();
  }

  function heard(text, isDue = false) {
    const own = withoutEcho(text, said.join(" "));
    if (call.name !== "speaking" || isDue || interrupts(own)) dispatch("heard", { text: own, isDue });
  }

  /** Words count only if somebody was loud enough; where the level is not known, two of them, or a command. */
  function interrupts(text) {
    if (listener.hasLevel()) return performance.now() - speechAt < LOUD_LATELY_MS;
    return COMMANDS.test(text) || /\p{L}[\s\S]*\s\S|\p{Script=Han}{2}/u.test(text);
  }

  /** By the level. With recognition it takes words to interrupt; a recording has none before its end. */
  function speech(isSpeech) {
    if (isSpeech) note = null;
    speechAt = performance.now();
    if (call.name === "speaking" && listener.earName() !== "recorder") return;
    dispatch(isSpeech ? "speech" : "quiet");
  }

  const turn = {
    started({ id }) {
      turnId = id;
    },
    /** The reader tells what it says, and when it has said all. */
    saying(text) {
      said.push(text);
      dispatch("saying");
    },
    done(id, hasFailed) {
      note = hasFailed ? ["voice.unspoken"] : null;
      if (id === turnId) dispatch("over");
    },
  };

  document.addEventListener("visibilitychange", keepAwake);
  return { start, turn, isLive: () => isLive(call) };
}
