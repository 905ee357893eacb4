// The call as one sees it: a dialog over the whole page.

import { button, dress, element, iconButton } from "../elements.js";
import { clear, label, say } from "../i18n.js";

const SHAPES = { listening: "microphone", speaking: "speaker", muted: "muted", refused: "muted", ended: "phone" };

/** `on`: {interrupt, mute, end, again}. */
export function createCallView(on) {
  const line = (name, more) => Object.assign(element("p", name), more);
  const clock = line("clock", { role: "timer" });
  const shape = iconButton("dots", "call.interrupt", on.interrupt);
  shape.className = "shape";
  const title = line("state", { role: "status" });
  const hint = line("hint");
  const heard = line("heard", { dir: "auto" });
  const said = line("said", { dir: "auto" });
  const again = button("call.again", on.again);
  const mute = button("call.mute", on.mute, "", "muted");
  const end = button("call.end", () => dialog.close(), "end", "phone");
  const dialog = element("dialog", "", clock, shape, title, hint, heard, said, element("div", "row", again, mute, end));
  label(Object.assign(dialog, { id: "call", onclose: on.end }), "call");
  dialog.onkeydown = (event) => event.stopPropagation(); // the page's Escape would stop the answer, too
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

  /** `saying` is the sentence said last, `note` what else there is to tell: [key, values]. */
  function show(state, { isLive, isMuted, earName, question, saying, note }) {
    const name = isMuted && state === "listening" ? "muted" : state;
    dialog.dataset.state = name;
    dress(shape, SHAPES[name] ?? "dots", "call.interrupt");
    shape.disabled = name !== "speaking";
    say(title, `call.${name}`);
    showText(hint, note ?? (isLive && [`hint.${name === "listening" ? earName : name}`]));
    showText(heard, question && ["call.heard", { text: question }]);
    showText(said, name === "speaking" && ["call.said", { text: saying }]);
    mute.setAttribute("aria-pressed", isMuted);
    mute.hidden = !isLive;
    again.hidden = isLive;
    say(end.lastChild, isLive ? "call.end" : "close");
    if (!isLive) clearInterval(ticking);
  }

  return { open, show, meter: shape };
}

function showText(node, words) {
  if (words) say(node, ...words);
  else clear(node);
}
