// The field where a question is written, and the button that sends it or stops the answer.

import { dress } from "./elements.js";
import { clear, say, t } from "./i18n.js";
import { keep, recall } from "./memory.js";
import { countOf } from "./text.js";

/**
 * `files` is as made by files.js. `actions`: ask(text, files); stop(); isAnswering(); mayAsk() says whether all that must be
 * known before is known, and asks for it otherwise.
 */
export function createComposer(form, files, actions) {
  const { question: field, send } = form.elements;
  const trouble = form.querySelector("#trouble");
  const limit = Number(form.dataset.maxLength);

  const isBlank = () => !field.value.trim() && !files.list().length;
  const action = () => (actions.isAnswering() && isBlank() ? "stop" : "send");

  /** To be called when an answer begins or ends. */
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
    if (problem || !text || send.disabled || !actions.mayAsk()) return;
    files.empty();
    fill("");
    actions.ask(text, attached);
  }

  function problemWith(text) {
    if (files.areUploading()) return ["file.wait"];
    const count = countOf(text);
    return count > limit ? ["too-long", { count, limit }] : null;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (action() === "stop") actions.stop();
    else submit();
    if (matchMedia("(pointer: fine)").matches) field.focus(); // a touch keyboard would cover the answer
  });

  send.addEventListener("click", (event) => {
    if (action() === "stop" && event.detail > 1) event.preventDefault(); // a double click on Send must not stop
  });

  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.isComposing || event.keyCode === 229) return; // Enter chooses a word from the input method
    event.preventDefault();
    submit();
  });

  field.addEventListener("input", changed);
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
    text: () => field.value,
    focus: () => field.focus(),
  };
}
