// The call as one sees it: a dialog over the whole page.

import { button, dress, element, iconButton } from "../elements.js";
import { clear, label, say } from "../i18n.js";
import { createMarkdownRenderer } from "../markdown-renderer.js";

const SHAPES = { listening: "microphone", speaking: "speaker", muted: "muted", refused: "muted", ended: "phone" };

/** `on`: {interrupt, mute, end, again}. `status` is a node that is to be seen, too. */
export function createCallView(on, status) {
  const names = ["clock", "state", "hint", "heard"];
  const [clock, title, hint, heard] = names.map((name) => Object.assign(element("p", name), { dir: "auto" }));
  clock.setAttribute("role", "timer");
  for (const node of [title, hint]) node.setAttribute("role", "status");
  const shape = iconButton("dots", "call.interrupt", on.interrupt);
  shape.className = "shape";
  const answer = Object.assign(element("div", "prose"), { dir: "auto", tabIndex: 0, hidden: true });
  answer.setAttribute("role", "group");
  const markdown = createMarkdownRenderer(label(answer, "answer"));
  const again = button("call.again", on.again);
  const mute = button("call.mute", on.mute, "", "muted");
  const end = button("call.end", () => dialog.close(), "end", "phone");
  const row = element("div", "row", again, mute, end);
  const dialog = element("dialog", "", clock, shape, title, hint, heard, answer, status, row);
  label(Object.assign(dialog, { id: "call", onclose: on.end }), "call");
  dialog.onkeydown = (event) => event.stopPropagation(); // the page's Escape would stop the answer, too
  document.body.append(dialog);
  let startedAt, ticking, drawing, written;

  function open() {
    startedAt = Date.now();
    tick();
    if (!dialog.open) dialog.showModal();
    end.focus();
    return setInterval(tick, 1_000);
  }

  function tick() {
    const seconds = Math.floor((Date.now() - startedAt) / 1_000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  /** `note` is what else there is to tell: [key, values]. */
  function show({ state, isMuted, isLive, mode, question, note }) {
    const name = isMuted && state === "listening" ? "muted" : state;
    dialog.dataset.state = name;
    dress(shape, SHAPES[name] ?? "dots", "call.interrupt");
    shape.disabled = name !== "speaking";
    say(title, `call.${name}`);
    const usual = isMuted ? "muted" : name === "listening" ? mode : name;
    showText(hint, note || (isLive && [`hint.${usual}`]));
    showText(heard, question && ["call.heard", { text: question }]);
    mute.setAttribute("aria-pressed", isMuted);
    mute.hidden = !isLive;
    again.hidden = isLive;
    say(end.lastChild, isLive ? "call.end" : "close");
    if (isLive) ticking ??= open();
    else ticking = clearInterval(ticking);
  }

  /** The whole answer so far, drawn once a frame. `replaced`: it does not begin as it did. `isOver`: it is whole. */
  function showAnswer(text, replaced = !text, isOver = false) {
    if (replaced) markdown.clear();
    written = [text, isOver];
    answer.hidden = !text;
    dialog.classList.toggle("answering", Boolean(text)); // leaves it the place
    drawing ??= requestAnimationFrame(() => {
      drawing = undefined;
      markdown.render(...written);
    });
  }

  return { show, answer: showAnswer, close: () => dialog.close(), meter: shape };
}

function showText(node, words) {
  if (words) say(node, ...words);
  else clear(node);
}
