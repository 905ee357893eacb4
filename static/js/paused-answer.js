// What stands below an answer that waits for a person: a form to be filled in, or that somebody else was asked.

import { button, element } from "./elements.js";
import { fieldsOfForm, placed } from "./fields.js";
import { createFields } from "./form.js";
import { failureWords, language, say } from "./i18n.js";
import { createMarkdownRenderer } from "./markdown-renderer.js";

const OVER =
  "form_submitted decision_taken form_expired form_not_found form_by_email continuation_invalid".split(" ");
const UNFIT = ["bad_frame", "invalid"];
const STYLES = ["primary", "accent", "ghost"]; // Dify has "default", too

/**
 * `turn` is a paused one of turn-queue.js. The actions: decide(turn, {action, title, inputs}), which returns the id of
 * the turn that follows; look(turn); upload(file, signal); typed(), after each change of `turn.entered`.
 */
export function createPause(turn, { decide, look, upload, typed }) {
  const state = Object.assign(element("p", "note"), { tabIndex: -1 });
  state.setAttribute("role", "status");
  const lookAgain = button("look", () => look(turn), "look");
  const node = element("div", "pause", state, lookAgain);
  let form = null;

  function draw() {
    form?.node.remove();
    form = turn.form && createForm();
    if (form) node.prepend(form.node);
    update();
  }

  function createForm() {
    const fields = fieldsOfForm(turn.form.inputs);
    const keep = () => [(turn.entered = rows.entered()), typed()];
    const uploadHere = (file, signal) => upload(file, signal, turn.continuation);
    let rows = null; // while files are put back into it
    rows = createFields(fields, { entered: turn.entered, upload: uploadHere, onInput: () => rows && keep() });
    const pieces = placed(turn.form.content, fields).map((piece) => (piece.name ? rows.rowOf(piece) : proseOf(piece)));
    const choices = turn.form.actions.map((action) => choiceOf(action, () => press(action)));
    const legend = say(element("legend"), "form");
    const set = element("fieldset", "", legend, ...pieces, element("div", "row", ...choices));
    const node = Object.assign(element("form", "inputs", set), { noValidate: true });
    node.onsubmit = (event) => event.preventDefault();
    return { node, set, rows };
  }

  /** Returns the id of the turn that follows, null where something is missing. */
  function press({ id, title }) {
    if (form.set.disabled || !form.rows.isComplete()) return null;
    const inputs = form.rows.values();
    for (const { name, type } of turn.form.inputs) inputs[name] ??= type === "file-list" ? [] : "";
    const isPressed = node.contains(document.activeElement); // not a voice's
    const next = decide(turn, { action: id, title, inputs });
    if (isPressed) state.focus();
    return next;
  }

  /** What became of it; `redrawn` where another form waits by now. */
  function update(redrawn = false) {
    if (redrawn) return draw();
    const { decision, refusal } = turn;
    const isExpired = turn.form?.expires_at < Date.now();
    const isOver = decision || isExpired || OVER.includes(refusal?.reason);
    say(state, ...wordsOf(turn, isExpired));
    const canDecide = form && !isOver && turn.form.actions.length;
    lookAgain.hidden = Boolean(decision || !turn.continuation || canDecide);
    if (!form) return;
    form.set.disabled = Boolean(isOver);
    if (refusal?.field) form.rows.refuse(refusal.field);
  }

  draw();
  return { node, update, choices: () => (form && !form.set.disabled ? turn.form.actions : []), press };
}

/** What there is to know of a pause at the moment: [key, values]. */
function wordsOf({ form, decision, refusal }, isExpired) {
  if (decision) return decision.title ? ["form.decided", decision] : ["reason.form_submitted"];
  if (UNFIT.includes(refusal?.reason)) return ["reason.invalid_inputs"];
  if (refusal?.reason) return failureWords(refusal);
  if (isExpired) return ["reason.form_expired"];
  if (!form) return [refusal ? "form.waits" : "status.asked"];
  if (!form.expires_at) return ["form.open"];
  const format = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short" });
  return ["form.until", { time: format.format(form.expires_at) }];
}

function proseOf(text) {
  const node = Object.assign(element("div", "prose"), { dir: "auto" });
  createMarkdownRenderer(node).render(text, true);
  return node;
}

function choiceOf({ title, style }, onclick) {
  const node = element("button", STYLES.includes(style) ? style : "", title);
  return Object.assign(node, { type: "button", onclick });
}
