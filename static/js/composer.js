// The field where a question is written, and the button that sends it or stops the answer.

import { dress } from "./elements.js";
import { clear, say, t } from "./i18n.js";
import { forget, keep, recall } from "./memory.js";
import { countOf } from "./text.js";

/**
 * `files` is as made by files.js. `actions`: ask(text, files) returns the turn's id, or null; stop(); isAnswering();
 * mayAsk() says whether all that must be known before is known, and asks for it otherwise.
 */
export function createComposer(form, files, actions) {
  const field = form.querySelector("textarea");
  const send = form.querySelector("#send");
  const trouble = form.querySelector("#trouble");
  const limit = Number(form.dataset.maxLength) || Infinity;
  let isEnded = false;

  const isBlank = () => !field.value.trim() && !files.list().length;
  const action = () => (actions.isAnswering() && isBlank() ? "stop" : "send");

  /** To be called when an answer begins or ends. */
  function update() {
    if (send.dataset.action !== action()) {
      send.dataset.action = action();
      dress(send, action(), action());
    }
    send.disabled = isEnded;
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
    if (field.value) keep("draft", field.value);
    else forget("draft");
    clear(trouble);
    fit();
    update();
  }

  /** Says whether the question was taken. */
  function submit() {
    const text = field.value.trim() || (files.list().length ? t("files.only") : "");
    const problem = problemWith(text);
    if (problem) say(trouble, ...problem);
    if (problem || isEnded || !text || !actions.mayAsk()) return false;
    const attached = files.list();
    files.empty();
    fill("");
    return actions.ask(text, attached) !== null;
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
  globalThis.addEventListener("resize", fit);
  files.onChange((problem) => {
    update();
    if (problem) say(trouble, ...problem);
    else clear(trouble);
  });

  function end() {
    isEnded = true;
    update();
  }

  fill(recall("draft", ""));
  return { fill, submit, update, end, text: () => field.value, focus: () => field.focus() };
}

