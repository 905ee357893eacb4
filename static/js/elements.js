// Small makers of DOM nodes, and the page's icons. Nothing makes markup from strings.

import { label, say } from "./i18n.js";

const COPIED_MS = 2_000;
const SVG = "http://www.w3.org/2000/svg";
const SPEAKER = "M4 9v6h4l5 4V5L8 9z";
const MICROPHONE = "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3";
// Strokes on a field of 24 by 24.
const ICONS = {
  send: "M12 19V5M5 12l7-7 7 7",
  below: "M12 5v14M5 12l7 7 7-7",
  stop: "M7 7h10v10H7z",
  attach: "M21 11l-9 9a5.5 5.5 0 0 1-8-8l9-9a3.7 3.7 0 0 1 5.3 5.3l-8.6 8.6a1.9 1.9 0 0 1-2.7-2.7l8-8",
  new: "M4 4h16v12h-9l-5 4v-4H4zM12 7v6M9 10h6",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  again: "M20 11a8 8 0 1 0-2 6M20 4v7h-7",
  check: "M5 12l5 5 9-9",
  like: "M3 10h4v10H3zM7 10l4-7a3 3 0 0 1 3 3v3h7l-2 11H7",
  dislike: "M21 14h-4V4h4zM17 14l-4 7a3 3 0 0 1-3-3v-3H3L5 4h12",
  close: "M6 6l12 12M18 6L6 18",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  light: "M8 12a4 4 0 1 0 8 0 4 4 0 1 0-8 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1 1M18 18l1 1M5 19l1-1M18 6l1-1",
  microphone: MICROPHONE,
  muted: `${MICROPHONE}M4 3l16 18`,
  speaker: `${SPEAKER}M16.5 8.5a5 5 0 0 1 0 7M19 6a8.5 8.5 0 0 1 0 12`,
  silent: `${SPEAKER}M17 9.5l5 5M22 9.5l-5 5`,
  phone: "M5 4h4l1.5 5L8 10.5a12 12 0 0 0 5.5 5.5L15 13.5l5 1.5v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  sliders: "M3 7h11M18 7h3M14 4v6M3 17h3M10 17h11M10 14v6",
  display: "M3 19l5-14 5 14M5 14h6M15 19l3-8 3 8M16 16.5h4",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
};

/** Takes those of a part that is loaded later. */
export const addIcons = (strokes) => Object.assign(ICONS, strokes);

/** Whether people can type. Where they cannot, the page is used by speech and buttons. */
export const hasKeyboard = !/\bkeyboard\b/.test(globalThis.document?.documentElement?.dataset.without);

/** Whether people can add files. A screen for many people opens no device's files to them. */
export const takesFiles = !("kiosk" in (globalThis.document?.documentElement?.dataset ?? {}));

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Of a picture that this page holds; none where the browser cannot show it. */
export function thumbnail(url) {
  const node = Object.assign(element("img"), { src: url, alt: "" });
  node.onerror = () => node.remove();
  return node;
}

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS(SVG, tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with words, and a picture before them if there is one. */
export function button(key, action, className = "", picture = "") {
  const words = say(element("span"), key);
  return pressable(element("button", className, ...(picture ? [icon(picture), words] : [words])), action);
}

export function iconButton(name, key, action, values) {
  return pressable(dress(element("button", "icon"), name, key, values), action);
}

/** Loads static/<name>.css, once. Without it, what it is for is plain. */
export function loadStyle(name) {
  const href = `static/${name}.css`;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  const link = Object.assign(element("link"), { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((resolve) => (link.onload = link.onerror = resolve));
}

/** Gives a button its icon, and its words for a tooltip and for screen readers. */
export function dress(node, name, key, values) {
  node.replaceChildren(icon(name));
  return label(node, key, values);
}

const pressable = (node, onclick) => Object.assign(node, { type: "button", onclick });

/** Buttons that each ask one question; `key` names them all. */
export function suggestionsOf(key, questions, ask) {
  const chips = questions.map((question) => pressable(element("button", "chip", question), () => ask(question)));
  const group = element("div", "suggestions", say(element("p"), key), ...chips);
  group.setAttribute("role", "group");
  return label(group, key);
}

/** Copies, and shows for a moment on the button whether it worked; `key` names the button otherwise. */
export async function copyBy(node, text, key = "copy") {
  if (await copy(text)) dress(node, "check", "copied");
  else label(node, "copy.failed");
  setTimeout(dress, COPIED_MS, node, "copy", key);
}

/** Says whether it worked. The clipboard proper is missing on plain-http intranets. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const before = document.activeElement;
  const area = Object.assign(element("textarea", "visually-hidden"), { value: text });
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return isCopied;
}
