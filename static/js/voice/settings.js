// What a person chose for speaking and listening, kept in this browser; and the dialog where it is chosen.

import { button, element } from "../elements.js";
import { label, say, t } from "../i18n.js";
import { choose, chosen } from "../storage.js";

const KEY = "voice";

const USUAL = { isAloud: false, voice: "", rate: 1, volume: 1, pace: "usual", pauseSeconds: 3, hasSounds: true };

/**
 * `voice` is a voiceURI, "dify", or "" for the best there is; `rate` 1 is the usual speed, `volume` 1 the most. In a call, `pace`
 * is "usual", or "unhurried" for who needs more time to speak; `pauseSeconds` is the longest pause that is waited for;
 * `hasSounds`: whether short sounds tell when it listens and thinks.
 */
export const settings = { ...USUAL, ...valid(stored()) };

export const isOwnWanted = () => !["", "dify"].includes(settings.voice);

function stored() {
  try {
    return JSON.parse(chosen(KEY));
  } catch {
    return null;
  }
}

/** What of it can be meant: another version may have kept it, or a hand. */
function valid(kept) {
  const { rate, volume, pace, pauseSeconds, ...others } = kept ?? {};
  const within = (value, min, max) => Number.isFinite(value) && value >= min && value <= max;
  return {
    ...others,
    ...(within(rate, 0.5, 2) && { rate }),
    ...(within(volume, 0.1, 1) && { volume }),
    ...(pace === "unhurried" && { pace }),
    ...(within(pauseSeconds, 0.2, 60) && { pauseSeconds }),
  };
}

export function change(more) {
  Object.assign(settings, more);
  choose(KEY, JSON.stringify(settings)); // where it may not be kept, it lasts as long as the page
}

/** `voices` are the browser's; `tryIt()` reads something with what is chosen. */
export function openSettings({ voices, hasAppVoice, hasCalls, tryIt }) {
  const appVoice = hasAppVoice ? [new Option(t("voice.dify"), "dify")] : [];
  const owns = voices.map(({ name, voiceURI }) => new Option(name, voiceURI));
  const own = element("select", "", new Option(t("voice.automatic"), ""), ...appVoice, ...owns);
  own.value = settings.voice;
  if (own.selectedIndex < 0) own.value = "";
  const speed = range(0.6, 1.6, 0.1, settings.rate);
  const pause = range(1, 8, 0.5, settings.pauseSeconds);
  const pace = tick(settings.pace === "unhurried");
  const sounds = tick(settings.hasSounds);
  const controls = Object.entries({ own, speed, pause, pace, sounds });
  const labels = controls.map(([, control]) => element("label", classOf(control), element("span"), control));
  const test = button("voice.try", tryIt);
  const close = button("close", () => dialog.close());
  const title = say(element("h2"), "voice.settings");
  const dialog = element("dialog", "inputs", title, ...labels, element("div", "row", test, close));
  Object.assign(dialog, { id: "voice-settings", oninput: chooseAll, onclose: () => dialog.remove() });
  dialog.onkeydown = (event) => event.stopPropagation(); // the page's Escape would stop the answer, too
  document.body.append(label(dialog, "voice.settings"));
  show();
  dialog.showModal();

  function chooseAll() {
    change({
      ...{ voice: own.value, rate: speed.valueAsNumber, pauseSeconds: pause.valueAsNumber },
      ...{ pace: pace.checked ? "unhurried" : "usual", hasSounds: sounds.checked },
    });
    show();
  }

  function show() {
    for (const [name, control] of controls) say(control.previousSibling, `voice.${name}`, { value: control.value });
    for (const each of [pause, pace, sounds]) each.parentNode.hidden = !hasCalls;
  }
}

const range = (min, max, step, value) => Object.assign(element("input"), { type: "range", min, max, step, value });
const tick = (checked) => Object.assign(element("input"), { type: "checkbox", checked });
const classOf = ({ type }) => (type === "checkbox" ? "box" : "");
