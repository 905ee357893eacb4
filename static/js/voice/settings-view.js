// The dialog where a person chooses voice, speed and pause.

import { element, wordButton, write } from "./dom.js";
import { saveSettings } from "./settings.js";
import { voicesFor } from "./synthesis.js";

/** `settings` is changed in place. */
export function createSettingsView({ settings, app, hasCalls, words, language, tryIt }) {
  const voice = element("select", { onchange: choose });
  const rate = range(0.6, 1.6, 0.1);
  const pause = range(1, 8, 0.5);
  const labels = [voice, rate, pause].map((control) => element("label", {}, element("span"), control));
  labels[2].hidden = !hasCalls;
  const test = wordButton(() => tryIt(words().sample));
  const close = wordButton(() => dialog.close());
  const title = element("h2", { id: "voice-settings-title" });
  const buttons = element("div", { className: "row" }, test, close);
  const dialog = element("dialog", { id: "voice-settings" }, title, ...labels, buttons);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);

  function range(min, max, step) {
    return element("input", { type: "range", oninput: choose, ...{ min, max, step } });
  }

  function choose() {
    settings.voice = voice.value;
    settings.rate = Number(rate.value);
    settings.pauseSeconds = Number(pause.value);
    saveSettings(settings);
    name();
  }

  function name() {
    const text = words();
    const names = [text.voice, text.speed, text.pause];
    const values = ["", ` · ${settings.rate} ×`, ` · ${settings.pauseSeconds} ${text.seconds}`];
    labels.forEach((label, index) => {
      write(label.firstChild, names[index] + values[index]);
      label.lastChild.setAttribute("aria-label", names[index]);
    });
    write(title, text.settings);
    write(test, text.tryIt);
    write(close, text.close);
  }

  function open() {
    const own = voicesFor(language()).map((item) => new Option(item.name, item.voiceURI));
    const dify = app.text_to_speech ? [new Option(words().dify, "dify")] : [];
    voice.replaceChildren(new Option(words().automatic, ""), ...dify, ...own);
    voice.value = settings.voice;
    if (voice.selectedIndex < 0) voice.value = "";
    [rate.value, pause.value] = [settings.rate, settings.pauseSeconds];
    name();
    dialog.showModal();
  }

  return { open };
}
