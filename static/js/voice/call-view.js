// The call as one sees it: a dialog over the whole page.

import { button, dress, element, iconButton } from "../elements.js";
import { clear, label, say } from "../i18n.js";
import { isLive, shownName } from "./call.js";

const SHAPES = { listening: "microphone", speaking: "speaker", muted: "muted", refused: "muted", ended: "phone" };

/** `on`: {interrupt, mute, end, again}. */
export function createCallView(on) {
  const clock = Object.assign(element("p", "clock"), { role: "timer" });
  const shape = iconButton("dots", "call.interrupt", on.interrupt);
  shape.className = "shape";
  const state = Object.assign(element("p", "state"), { role: "status" });
  const hint = element("p", "hint");
  const [heard, said] = ["heard", "said"].map((name) => Object.assign(element("p", name), { dir: "auto" }));
  const again = button("call.again", on.again);
  const mute = button("call.mute", on.mute, "", "muted");
  const end = button("call.end", () => dialog.close(), "end", "phone");
  const dialog = element("dialog", "", clock, shape, state, hint, heard, said, element("div", "row", again, mute, end));
  label(Object.assign(dialog, { id: "call", onclose: on.end }), "call");
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the page's Escape would stop the answer, too
  document.body.append(dialog);
  let startedAt, ticking;

  function open() {
    startedAt = Date.now();
    tick();
    ticking = setInterval(tick, 1_000);
    if (!dialog.open) dialog.showModal();
    end.focus();
  }

  function tick() {
    const seconds = Math.floor((Date.now() - startedAt) / 1_000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  /** `ear` names what listens, `saying` is the sentence said last, `note` what else there is to tell: [key, values]. */
  function show(call, { ear, saying, note }) {
    const name = shownName(call);
    const live = isLive(call);
    dialog.dataset.state = name;
    dress(shape, SHAPES[name] ?? "dots", "call.interrupt");
    shape.disabled = name !== "speaking";
    say(state, `call.${name}`);
    showText(hint, note ?? (live ? [`hint.${name === "listening" ? ear : name}`] : call.why && [`voice.${call.why}`]));
    const question = `${call.before} ${call.heard}`.trim() || call.asked;
    showText(heard, question && ["call.heard", { text: question }]);
    showText(said, name === "speaking" && ["call.said", { text: saying }]);
    mute.setAttribute("aria-pressed", call.muted);
    mute.hidden = !live;
    again.hidden = live;
    say(end.lastChild, live ? "call.end" : "close");
    if (!live) clearInterval(ticking);
  }

  return { open, show, meter: shape };
}

function showText(node, words) {
  if (words) say(node, ...words);
  else clear(node);
}
