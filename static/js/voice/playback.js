// Pause, go on and repeat: two buttons below the conversation, and the same two in a call.

import { addIcons, button, dress, element, icon, iconButton } from "../elements.js";
import { say } from "../i18n.js";

addIcons({
  pause: "M8 6v12M16 6v12",
  play: "M8 5l11 7-11 7z",
  repeat: "M5 12a7 7 0 1 0 2-5L4 10M4 5v5h5",
});

/** Of the answers on the page, the one of that id, or the last: its data. */
export function answerToRepeat(id) {
  const answers = [...document.querySelectorAll(".answer")];
  return (answers.find(({ dataset }) => dataset.id === id) ?? answers.at(-1))?.dataset;
}

/** `on`: {pause, repeat}, what the buttons do. In a call they stay, and keep the focus, also where there is nothing to do. */
export function createPlayback(on) {
  const names = ["pause", "repeat"];
  let isAnyRead = false;
  const can = { pause: () => isAnyRead, repeat: answerToRepeat };
  const small = names.map((name) => iconButton(name, `playback.${name}`, on[name]));
  const large = names.map((name) => button(`playback.${name}`, () => can[name]() && on[name](), "half", name));

  function show(isReading, isPaused) {
    isAnyRead = isReading;
    const [picture, key] = isPaused ? ["play", "playback.go-on"] : ["pause", "playback.pause"];
    dress(small[0], picture, key);
    large[0].replaceChildren(icon(picture), say(element("span"), key));
    names.forEach((name, at) => large[at].setAttribute("aria-disabled", !can[name]()));
    for (const each of small) each.hidden = !isReading;
  }

  return { small, large, show };
}
