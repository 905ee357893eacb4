// Dictation: what is said goes into the field.

import { iconButton } from "./dom.js";
import { createListener } from "./listen.js";

/** `tell(key)` says how it goes, in words.js's words or in those of the service; `beforeStart()` is called at each start. */
export function createDictation({ app, api, composer, language, words, tell, beforeStart }) {
  const microphone = iconButton(toggle);
  microphone.button.id = "dictate";
  let isOn = false;
  let before = ""; // what stood in the field
  let filled = null;
  let trouble = "";

  const listener = createListener({
    ...{ app, api, language, isHandsFree: false },
    onText: heard,
    onLevel: (level) => microphone.button.style.setProperty("--level", level.toFixed(2)),
    onSpeech() {},
    onEar: tell,
    onBusy: (isWriting) => isWriting && tell("writing"),
    onError: (why, message) => ended((trouble = message || why)),
  });

  function toggle() {
    if (isOn) return stop();
    beforeStart();
    isOn = true;
    [filled, trouble] = [null, ""];
    show();
    return listener.start();
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
    ended(trouble || (filled ? "" : "nothing"));
    composer.focus();
  }

  /** The question was sent: what is heard late does not belong to the next one. */
  function leave() {
    if (!isOn) return;
    listener.abort();
    ended("");
  }

  function ended(why) {
    isOn = false;
    show();
    tell(why);
  }

  function show() {
    microphone.name("microphone", words().dictate);
    microphone.press(isOn);
  }

  show();
  return { button: microphone.button, leave, show };
}
