// The field where a question is written, and the button that sends it or stops the answer.

import { dress, hasKeyboard, iconButton } from "./elements.js";
import * as files from "./files.js";
import { clear, say, t } from "./i18n.js";
import { load, save } from "./storage.js";
import { countCodePoints } from "./code-points.js";

const form = document.getElementById("composer");
const trouble = document.getElementById("trouble");
const { question: field, send } = form.elements;
const limit = Number(form.dataset.maxLength);
let actions;

if (!hasKeyboard) withoutKeyboard();

/** What was heard stands in the field, and can be sent. */
function withoutKeyboard() {
  field.readOnly = true;
  field.after(Object.assign(iconButton("close", "discard", () => fill("")), { id: "discard" }));
}

/** To be called first. `wanted`: ask(text, files), which says whether it was taken; stop(); isAnswering(). */
export function begin(wanted) {
  actions = wanted;
  fill(load("draft", ""));
}

export const text = () => field.value;
export const focus = () => field.focus();
export const allow = (isAllowed) => (send.disabled = !isAllowed);

/** Whether a key belongs to an input method: Enter chooses a word there, Escape closes its window. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** On a touch screen a keyboard would cover the answer. Says whether there is another. */
export function focusByKeyboard() {
  const isOwn = hasKeyboard && matchMedia("(pointer: fine)").matches;
  if (isOwn) focus();
  return isOwn;
}

/** Leaves nothing there, and returns what was, for `putBack`. */
export function empty() {
  const draft = { text: text(), files: files.list() };
  files.empty();
  fill("");
  return draft;
}

/** What was written since stays. */
export function putBack(draft) {
  files.fill(draft.files);
  fill(text() || draft.text);
}

export function fill(words) {
  field.value = words;
  changed();
}

function changed() {
  save("draft", field.value);
  complain(null);
  fit();
  update();
}

function complain(problem) {
  if (problem) say(trouble, ...problem);
  else clear(trouble);
}

function fit() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

const isBlank = () => !field.value.trim() && !files.list().length;
const action = () => (actions.isAnswering() && isBlank() ? "stop" : "send");

export function update() {
  if (send.dataset.action === action()) return;
  send.dataset.action = action();
  dress(send, action(), action());
}

export function submit() {
  const attached = files.list();
  const question = field.value.trim() || (attached.length ? t("files.only") : "");
  const problem = problemWith(question);
  if (problem) complain(problem);
  if (problem || !question || send.disabled || !actions.ask(question, attached)) return;
  empty();
}

function problemWith(question) {
  if (files.areUploading()) return ["file.wait"];
  const count = countCodePoints(question);
  return count > limit ? ["too-long", { count, limit }] : null;
}

form.onsubmit = (event) => {
  event.preventDefault();
  if (action() === "stop") actions.stop();
  else submit();
  focusByKeyboard();
};

send.onclick = (event) => {
  if (action() === "stop" && event.detail > 1) event.preventDefault(); // a double click on Send must not stop
};

field.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  submit();
};

field.oninput = changed;
addEventListener("resize", fit);
files.onChange((problem) => {
  update();
  complain(problem);
});
