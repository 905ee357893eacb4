// Small makers of DOM nodes, and the page's icons. Nothing here or elsewhere makes markup from strings.

import { label, say } from "./i18n.js";

const COPIED_MS = 2_000;
const SVG = "http://www.w3.org/2000/svg";
// Strokes on a field of 24 by 24.
const ICONS = {
  send: "M12 19V5M5 12l7-7 7 7",
  stop: "M7 7h10v10H7z",
  attach: "M21 11.5l-8.6 8.6a5.6 5.6 0 0 1-8-8L13 3.6a3.7 3.7 0 0 1 5.3 5.3l-8.6 8.6a1.9 1.9 0 0 1-2.7-2.7l8-7.9",
  new: "M12 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6M18.5 3.5a1.8 1.8 0 0 1 2.5 2.5L13 14l-3.5 1 1-3.5z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  like: "M7 10v10H3V10zM7 10l4-7c1.7 0 3 1.3 3 3v3h5.5a2 2 0 0 1 2 2.3l-1.2 7a2 2 0 0 1-2 1.7H7",
  dislike: "M17 14V4h4v10zM17 14l-4 7c-1.7 0-3-1.3-3-3v-3H4.5a2 2 0 0 1-2-2.3l1.2-7a2 2 0 0 1 2-1.7H17",
  down: "M12 5v14M5 12l7 7 7-7",
  close: "M6 6l12 12M18 6L6 18",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3",
  muted: "M9 9v3a3 3 0 0 0 5 2.2M15 11V6a3 3 0 0 0-5.8-1M5 11v1a7 7 0 0 0 11 5.7M19 11v1a7 7 0 0 1-.5 2.6M12 19v3M3 3l18 18",
  speaker: "M4 9v6h4l5 4V5L8 9zM16.5 8.5a5 5 0 0 1 0 7M19 6a8.5 8.5 0 0 1 0 12",
  silent: "M4 9v6h4l5 4V5L8 9zM17 9.5l5 5M22 9.5l-5 5",
  phone: "M5 4h4l1.5 5L8 10.5a12 12 0 0 0 5.5 5.5L15 13.5l5 1.5v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  sliders: "M4 7h8M18 7h2M12 7a3 3 0 1 0 6 0 3 3 0 1 0-6 0M4 17h2M12 17h8M6 17a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19",
};

export function element(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with words, and a picture before them if there is one. */
export function button(key, action, className = "", picture = null) {
  const words = picture ? element("span") : element("button", className);
  say(words, key);
  return pressable(picture ? element("button", className, icon(picture), words) : words, action);
}

/** A button with an icon; its words are for a tooltip and for screen readers. */
export function iconButton(name, key, action, values) {
  return pressable(dress(element("button", "icon"), name, key, values), action);
}

/** Gives a button its icon and its words. */
export function dress(node, name, key, values) {
  node.replaceChildren(icon(name));
  return label(node, key, values);
}

function pressable(node, action) {
  node.type = "button";
  node.addEventListener("click", action);
  return node;
}

/** Says whether it worked. The clipboard proper is missing on plain-http intranets. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const before = document.activeElement;
  const area = element("textarea", "visually-hidden");
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  before?.focus();
  return isCopied;
}

/** Copies, and shows for a moment on the button that it worked; `key` are the button's own words. */
export async function copyBy(node, text, key = "copy") {
  if (node.dataset.copied) return;
  node.dataset.copied = "yes";
  const before = node.firstChild;
  const isCopied = await copy(text);
  label(node, isCopied ? "copied" : "copy.failed");
  if (isCopied) node.replaceChildren(icon("check"));
  setTimeout(() => {
    delete node.dataset.copied;
    node.replaceChildren(before);
    label(node, key);
  }, COPIED_MS);
}
