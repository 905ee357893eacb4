// Dictation: what is said goes into the field.

import { iconButton } from "../elements.js";
import { listen } from "./listen.js";

/** `tell(why, words)` says how it goes; `beforeStart()` is called at each start. */
export function createDictation({ app, api, composer, tell, beforeStart }) {
  const button = iconButton("microphone", "dictate", () => (listener ? stop() : start()));
  button.id = "dictate";
  let listener = null;
  let before, filled; // what stood in the field, and what was made of it
  let known, skipped; // lengths of what was heard: by now, and before the field was changed

  function start() {
    beforeStart();
    [filled, known] = [null, 0];
    use(listen({ app, api, meter: button, onText: heard, onDoing: tell, onError: ended }));
  }

  function use(other) {
    listener = other;
    button.setAttribute("aria-pressed", Boolean(listener));
  }

  /** Who changes the field meanwhile goes on from there. */
  function heard(text) {
    const now = composer.text();
    if (now !== filled) [before, skipped] = [now, known];
    known = text.length;
    const added = text.slice(skipped).trimStart();
    const joint = !before || /\s$/.test(before) || /^\p{Script=Han}/u.test(added) ? "" : " ";
    filled = added ? before + joint + added : now;
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
