// The field where a question is written, and the button that sends it or stops the answer.

import { dress } from "./elements.js";
import * as files from "./files.js";
import { clear, say, t } from "./i18n.js";
import { keep, recall } from "./memory.js";
import { countOf } from "./text.js";
import { isComplete } from "./welcome.js";

const form = document.getElementById("composer");
const trouble = document.getElementById("trouble");
const { question: field, send } = form.elements;
const limit = Number(form.dataset.maxLength);

/** `actions` are ask(text, files), stop() and isAnswering(). */
export function createComposer(actions) {
  const isBlank = () => !field.value.trim() && !files.list().length;
  const action = () => (actions.isAnswering() && isBlank() ? "stop" : "send");

  function update() {
    if (send.dataset.action === action()) return;
    send.dataset.action = action();
    dress(send, action(), action());
  }

  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function fill(text) {
    field.value = text;
    changed();
  }

  function changed() {
    keep("draft", field.value);
    clear(trouble);
    fit();
    update();
  }

  function submit() {
    const attached = files.list();
    const text = field.value.trim() || (attached.length ? t("files.only") : "");
    const problem = problemWith(text);
    if (problem) say(trouble, ...problem);
    if (problem || !text || send.disabled || !isComplete()) return;
    files.empty();
    fill("");
    actions.ask(text, attached);
  }

  function problemWith(text) {
    if (files.areUploading()) return ["file.wait"];
    const count = countOf(text);
    return count > limit ? ["too-long", { count, limit }] : null;
  }

  /** On a touch screen a keyboard would cover the answer. Says whether there is another. */
  function focusByKeyboard() {
    const hasKeyboard = matchMedia("(pointer: fine)").matches;
    if (hasKeyboard) field.focus();
    return hasKeyboard;
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
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.isComposing || event.keyCode === 229) return; // Enter chooses a word from the input method
    event.preventDefault();
    submit();
  };

  field.oninput = changed;
  addEventListener("resize", fit);
  files.onChange((problem) => {
    update();
    if (problem) say(trouble, ...problem);
    else clear(trouble);
  });

  fill(recall("draft", ""));
  return {
    fill,
    submit,
    update,
    end: () => (send.disabled = true),
    focusByKeyboard,
    text: () => field.value,
    focus: () => field.focus(),
  };
}
