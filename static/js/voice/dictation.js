// Dictation: what is said goes into the field.

import { iconButton } from "../elements.js";
import { listen } from "./listen.js";

/** `tell(why, words)` says how it goes; `beforeStart()` is called at each start. */
export function createDictation({ app, api, composer, tell, beforeStart }) {
  const button = iconButton("microphone", "dictate", () => (listener ? stop() : start()));
  button.id = "dictate";
  let listener = null;
  let before = ""; // what stood in the field
  let filled = null;

  function start() {
    beforeStart();
    filled = null;
    use(listen({ app, api, meter: button, onText: heard, onSpeech() {}, onDoing: tell, onError: ended }));
  }

  function use(other) {
    listener = other;
    button.setAttribute("aria-pressed", Boolean(listener));
  }

  /** Who changes the field meanwhile goes on from there. */
  function heard(text) {
    const now = composer.text();
    if (filled === null) before = now;
    else if (now !== filled) {
      before = now;
      listener?.reset();
    }
    const joint = !before || /\s$/.test(before) || /\p{Script=Han}/u.test(text[0] ?? "") ? "" : " ";
    filled = text ? before + joint + text : now;
    if (filled !== now) composer.fill(filled);
    if (!listener) tell(text ? "" : "nothing");
  }

  async function stop() {
    const ending = listener;
    ended(filled ? "" : "nothing");
    await ending.stop();
    if (!listener) composer.focus();
  }

  /** The question was sent: what is heard late does not belong to the next one. */
  function leave() {
    if (!listener) return;
    listener.abort();
    ended();
  }

  function ended(why) {
    use(null);
    tell(why);
  }

  use(null);
  return { button, leave };
}
