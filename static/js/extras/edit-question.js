// The last question, to be written anew. What was answered stays: the app remembers it, and cannot be told to forget.

import { iconButton } from "../elements.js";
import { isComposing } from "../composer.js";
import { showSnackbar } from "../snackbar.js";

const UNDO_MS = 10_000;

export function mountEditing({ queue, composer }) {
  const field = document.getElementById("question");
  let remove = () => {};

  const last = () => queue.turns.filter(({ follows, status }) => !follows && status !== "waiting").at(-1);

  function edit() {
    const turn = last();
    if (!turn) return;
    const before = composer.empty();
    composer.putBack({ text: turn.question, files: turn.files });
    composer.focus();
    field.setSelectionRange(turn.question.length, turn.question.length);
    remove();
    remove = showSnackbar("editing", "undo", undo, UNDO_MS);

    function undo() {
      composer.empty();
      composer.putBack(before);
      composer.focus();
    }
  }

  /** The latest question that was sent has the button. */
  function showButton() {
    document.querySelector(".question .edit")?.remove();
    const asked = [...document.querySelectorAll(".question[data-state=sent]")].at(-1);
    asked?.append(Object.assign(iconButton("edit", "edit", edit), { className: "icon edit" }));
  }

  field.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" || composer.text() || isComposing(event) || !last()) return;
    event.preventDefault();
    edit();
  });
  for (const type of ["turn:started", "turn:ended"]) document.addEventListener(type, showButton);
  document.addEventListener("turn:added", () => remove());
  document.addEventListener("conversation:new", () => remove());
  showButton();
}
