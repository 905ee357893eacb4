// Dictation: what is said goes into the field.

import { iconButton } from "../elements.js";
import { createListener } from "./listen.js";

/** `tell(why, words)` says how it goes; `beforeStart()` is called at each start. */
export function createDictation({ app, api, composer, tell, beforeStart }) {
  const button = iconButton("microphone", "dictate", toggle);
  button.id = "dictate";
  let isOn = false;
  let before = ""; // what stood in the field
  let filled = null;
  let trouble = [];

  const listener = createListener({
    ...{ app, api, isHandsFree: false },
    onText: heard,
    onLevel: (level) => button.style.setProperty("--level", level.toFixed(2)),
    onSpeech() {},
    onEar: tell,
    onBusy: (isWriting) => isWriting && tell("writing"),
    onError: (...why) => ended(...(trouble = why)),
  });

  function toggle() {
    if (isOn) return stop();
    beforeStart();
    press(true);
    [filled, trouble] = [null, []];
    return listener.start();
  }

  function press(isPressed) {
    isOn = isPressed;
    button.setAttribute("aria-pressed", isOn);
  }

  /** Who changes the field meanwhile goes on from there. */
  function heard(text) {
    const now = composer.text();
    if (filled === null) before = now;
    else if (now !== filled) {
      before = now;
      listener.reset();
    }
    const joint = !before || /\s$/.test(before) || /\p{Script=Han}/u.test(text[0] ?? "") ? "" : " ";
    filled = text ? before + joint + text : now;
    if (filled !== now) composer.fill(filled);
  }

  async function stop() {
    isOn = false;
    await listener.stop();
    if (isOn) return;
    ended(...(trouble.length ? trouble : [filled ? "" : "nothing"]));
    composer.focus();
  }

  /** The question was sent: what is heard late does not belong to the next one. */
  function leave() {
    if (!isOn) return;
    listener.abort();
    ended();
  }

  function ended(...why) {
    press(false);
    tell(...why);
  }

  press(false);
  return { button, leave };
}
