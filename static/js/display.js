// How large the text is, how loud and how fast answers are read: chosen by large buttons, and kept in this browser.

import { button, element, loadStyle } from "./elements.js";
import { remember } from "./header.js";
import { label, learn, say } from "./i18n.js";
import { readTable } from "./translations.js";
import { change, settings } from "./voice/settings.js";

const WORDS = `
display.size: Size of the text: {value} % | 文字大小：{value} %
display.volume: Volume: {value} % | 音量：{value} %
display.rate: Speed: {value} × | 语速：{value} ×
size.less: A− | A−
size.usual: A | A
size.more: A+ | A+
size.less.name: A−: Smaller text | A−：缩小文字
size.usual.name: A: Usual size of the text | A：默认文字大小
size.more.name: A+: Larger text | A+：放大文字
volume.less: Softer | 小声
volume.more: Louder | 大声
rate.less: Slower | 慢一点
rate.more: Faster | 快一点
`;

learn(readTable(WORDS));

const root = document.documentElement;
const percent = (share) => Math.round(share * 100);

/** `steps` from the least to the most; `read` is the one of now. */
const SIZE = {
  ...{ name: "size", usual: 100, steps: [100, 125, 150, 175, 200], shown: (value) => value },
  read: () => parseFloat(root.style.fontSize) || 100,
  write(value) {
    root.style.fontSize = `${value}%`;
    root.toggleAttribute("data-large", value > 100);
    remember("size", value);
    dispatchEvent(new Event("resize")); // as when the window gets smaller
  },
};
const SOUND = [
  { ...voiceSetting("volume"), steps: [0.2, 0.4, 0.6, 0.8, 1], shown: percent },
  { ...voiceSetting("rate"), steps: [0.6, 0.8, 1, 1.2, 1.4, 1.6], shown: (value) => value },
];

function voiceSetting(name) {
  return { name, read: () => settings[name], write: (value) => change({ [name]: value }) };
}

export async function openDisplay() {
  await loadStyle("touch");
  const close = button("close", () => dialog.close(), "primary");
  const hasVoice = document.getElementById("aloud");
  const rows = [SIZE, ...(hasVoice ? SOUND : [])].map(rowOf);
  const dialog = element("dialog", "inputs", say(element("h2"), "display"), ...rows, element("div", "row", close));
  Object.assign(dialog, { id: "display-settings", onclose: () => dialog.remove() });
  dialog.onkeydown = (event) => event.stopPropagation(); // the page's Escape would stop the answer, too
  document.body.append(label(dialog, "display"));
  dialog.showModal();
}

function rowOf(choice) {
  const { name, steps, usual, read, shown } = choice;
  const words = element("p");
  const step = (by) => choose(steps[steps.indexOf(nearest(steps, read())) + by] ?? read());
  const less = button(`${name}.less`, () => step(-1));
  const more = button(`${name}.more`, () => step(1));
  const buttons = name === "size" ? [less, button("size.usual", () => choose(usual)), more] : [less, more];

  function choose(value) {
    if (value === read()) return;
    choice.write(value);
    show();
    if (choice !== SIZE) document.dispatchEvent(new CustomEvent("voice:changed"));
  }

  /** Not `disabled`, which would take the focus away. */
  function show() {
    say(words, `display.${name}`, { value: shown(read()) });
    less.setAttribute("aria-disabled", read() <= steps[0]);
    more.setAttribute("aria-disabled", read() >= steps[steps.length - 1]);
  }

  if (name === "size") ["less", "usual", "more"].forEach((which, at) => label(buttons[at], `size.${which}.name`));
  words.setAttribute("role", "status");
  show();
  return element("div", "stepper", words, element("div", "row", ...buttons));
}

/** The slider of the voice's settings has values between. */
const nearest = (steps, value) =>
  steps.reduce((best, step) => (Math.abs(step - value) < Math.abs(best - value) ? step : best));
