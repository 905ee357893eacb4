// What a person chose for speaking and listening, kept in this browser; and the dialog where it is chosen.

import { button, element } from "../elements.js";
import { language, say, t } from "../i18n.js";
import { voicesFor } from "./synthesis.js";

const KEY = "voice";

/** `voice` is a voiceURI, "dify", or "" for the best there is; `rate` is for the browser's own voices. */
export const settings = { isAloud: false, voice: "", rate: 1, pauseSeconds: 3, ...stored() };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

export function change(more) {
  Object.assign(settings, more);
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
  }
}

/** Returns what opens the dialog. `tryIt(text)` reads something with what is chosen. */
export function createSettingsDialog({ hasDifyVoice, hasCalls, tryIt }) {
  const voice = Object.assign(element("select"), { onchange: choose });
  const rate = range(0.6, 1.6, 0.1);
  const pause = range(1, 8, 0.5);
  const names = ["voice.own", "voice.speed", "voice.pause"].map((key) => say(element("span"), key));
  const labels = [voice, rate, pause].map((control, at) => element("label", "", names[at], control));
  labels[2].hidden = !hasCalls;
  const test = button("voice.try", () => tryIt(t("voice.sample")));
  const close = button("close", () => dialog.close());
  const title = Object.assign(say(element("h2"), "voice.settings"), { id: "voice-settings-title" });
  const dialog = element("dialog", "", title, ...labels, element("div", "row", test, close));
  dialog.id = "voice-settings";
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);

  function range(min, max, step) {
    return Object.assign(element("input"), { type: "range", min, max, step, oninput: choose });
  }

  function choose() {
    change({ voice: voice.value, rate: Number(rate.value), pauseSeconds: Number(pause.value) });
    tell();
  }

  function tell() {
    say(names[1], "voice.speed", { value: settings.rate });
    say(names[2], "voice.pause", { value: settings.pauseSeconds });
    labels[1].hidden = settings.voice === "dify" || (!settings.voice && hasDifyVoice);
  }

  return () => {
    const own = voicesFor(language()).map(({ name, voiceURI }) => new Option(name, voiceURI));
    const difys = hasDifyVoice ? [new Option(t("voice.dify"), "dify")] : [];
    voice.replaceChildren(new Option(t("voice.automatic"), ""), ...difys, ...own);
    voice.value = settings.voice;
    if (voice.selectedIndex < 0) voice.value = "";
    [rate.value, pause.value] = [settings.rate, settings.pauseSeconds];
    tell();
    dialog.showModal();
  };
}
