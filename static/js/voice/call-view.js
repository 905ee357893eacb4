// The call as one sees it: a dialog over the whole page.

import { isLive, shownName } from "./call.js";
import { element, icon, iconButton, wordButton, write } from "./dom.js";

const SHAPES = {
  idle: "dots",
  listening: "microphone",
  thinking: "dots",
  speaking: "speaker",
  muted: "muted",
  refused: "muted",
  ended: "phone",
};

/** `on`: {interrupt, mute, end, again, close}; `words()` are the person's. */
export function createCallView({ words, on }) {
  const clock = element("p", { className: "clock", role: "timer" });
  const shape = iconButton(on.interrupt);
  shape.button.className = "shape";
  const state = element("p", { className: "state", role: "status" });
  const hint = element("p", { className: "hint" });
  const [heard, said] = ["heard", "said"].map((className) => element("p", { className, dir: "auto" }));
  const close = () => dialog.close();
  const [again, mute, end] = [on.again, on.mute, close].map(wordButton);
  const buttons = element("div", { className: "row" }, again, mute, end);
  const dialog = element("dialog", { id: "call", onclose: on.end }, clock, shape.button, state, hint, heard, said, buttons);
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the page's Escape would stop the answer, too
    close();
  });
  end.className = "end";
  document.body.append(dialog);
  let startedAt = 0;
  let ticking;

  function open() {
    startedAt = Date.now();
    tick();
    ticking = setInterval(tick, 1_000);
    if (!dialog.open) dialog.showModal();
    end.focus();
  }

  function tick() {
    const seconds = Math.floor((Date.now() - startedAt) / 1_000);
    write(clock, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  }

  /** `ear` names what listens, `saying` is the sentence being said, `note` what else there is to tell. */
  function show(call, { ear, saying, note }) {
    const name = shownName(call);
    const text = words();
    dialog.dataset.state = name;
    dialog.setAttribute("aria-label", text.call);
    shape.name(SHAPES[name], text.interrupt);
    shape.button.disabled = name !== "speaking";
    write(state, name === "refused" ? text.refusedState : text[name]);
    const told = note || (isLive(call) ? "" : call.why);
    write(hint, told ? (text[told] ?? told) : (text.hints[name] ?? text.hints[ear] ?? ""));
    const question = `${call.before} ${call.heard}`.trim() || call.asked;
    write(heard, question && `${text.you}: ${question}`);
    write(said, saying && `${text.answer}: ${saying}`);
    showButtons(call, text);
  }

  function showButtons(call, text) {
    mute.replaceChildren(icon("muted"), text.mute);
    mute.setAttribute("aria-pressed", call.muted);
    mute.hidden = !isLive(call);
    again.hidden = isLive(call);
    write(again, text.again);
    end.replaceChildren(icon("phone"), isLive(call) ? text.end : text.close);
    if (!isLive(call)) clearInterval(ticking);
  }

  const level = (value) => shape.button.style.setProperty("--level", value.toFixed(2));

  return { open, show, level };
}
