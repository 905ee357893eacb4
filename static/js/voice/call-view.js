// The call as one sees it: the page's own conversation in large, and below it what goes on and what one can do.

import { button, element, icon } from "../elements.js";
import { isComposing } from "../composer.js";
import { clear, label, say } from "../i18n.js";
import { toEnd } from "../scroll.js";

const TURNED_MS = 700; // a second tap, and a key held, is meant for what the button was
const SHAPES = {
  ...{ listening: "microphone", hearing: "microphone", held: "microphone", speaking: "speaker", paused: "pause" },
  ...{ muted: "muted", refused: "muted", lost: "close", ended: "phone" },
};

/** `on`: {interrupt, mute, sendNow, present, end, again}. `status` and `more`, buttons, are to be seen, too. */
export function createCallView(on, status, more = []) {
  const [shape, title, clock] = [element("div", "shape"), element("p", "state"), element("p", "clock")];
  const [hint, notice] = [element("span"), element("span")];
  const mute = button("call.mute", on.mute, "", "muted");
  const act = button("call.send", () => Date.now() - turnedAt > TURNED_MS && (isInterrupt ? on.interrupt() : on.sendNow()));
  const again = button("call.anew", on.again, "", "phone");
  const end = button("call.end", close, "end");
  const row = element("div", "row", again, mute, act, end, ...more);
  const told = element("div", "told", title, clock, status, element("p", "hint", hint, notice));
  const panel = element("section", "", shape, told, row);
  const heard = element("div", "text");
  const bubble = label(element("div", "question heard", heard), "you");
  const [talk, progress, composer] = ["talk", "progress", "composer"].map((id) => document.getElementById(id));
  let phase, opener, startedAt, ticking;
  let [isInterrupt, turnedAt] = [false, 0]; // what that button is, and since when

  label(Object.assign(panel, { id: "call", tabIndex: -1, hidden: true }), "call");
  shape.setAttribute("aria-hidden", true);
  clock.setAttribute("role", "timer");
  notice.setAttribute("role", "status");
  bubble.setAttribute("role", "article");
  bubble.dataset.state = "waiting";
  heard.dir = "auto";
  composer.before(panel);
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("pointerdown", () => ticking && on.present());

  /** As everywhere on the page, Escape stops an answer first. */
  function pressed(event) {
    if (ticking) on.present();
    if (panel.hidden || event.key !== "Escape" || isComposing(event) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (isInterrupt) on.interrupt();
    else close();
  }

  function open() {
    if (panel.hidden) opener = document.activeElement;
    startedAt = Date.now();
    tick();
    cover(true);
    toEnd();
    panel.focus();
    return setInterval(tick, 1_000);
  }

  function close() {
    const hadFocus = panel.contains(document.activeElement);
    cover(false);
    on.end();
    if (hadFocus) opener.focus();
  }

  function cover(isOn) {
    panel.hidden = !isOn;
    document.documentElement.toggleAttribute("data-calling", isOn);
  }

  function tick() {
    const seconds = Math.floor((Date.now() - startedAt) / 1_000);
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function turnTo(now, isAnswering) {
    panel.dataset.state = phase = now;
    shape.replaceChildren(icon(SHAPES[phase] ?? "dots"));
    const isOver = ["refused", "ended"].includes(phase);
    if (isInterrupt !== isAnswering) [isInterrupt, turnedAt] = [isAnswering, Date.now()];
    name(act, ...(isAnswering ? ["stop", "call.interrupt"] : ["send", "call.send"]));
    name(end, ...(isOver ? ["close", "close"] : ["phone", "call.end"]));
    for (const each of [mute, act, ...more]) each.hidden = isOver;
    again.hidden = !isOver;
  }

  /** `question` was heard and not yet asked; `note` is what else there is to tell. */
  function show({ phase: now, isMuted, isLive, isAnswering, canSend, mode, question, note }) {
    if (now !== phase || isAnswering !== isInterrupt) turnTo(now, isAnswering);
    act.setAttribute("aria-disabled", !isAnswering && !canSend);
    say(title, `call.${phase}`);
    const usual = isMuted ? (question ? "muted-amid" : "muted") : phase === "listening" ? mode : phase;
    showText(notice, note);
    showText(hint, isLive && !note && [`hint.${usual}`]);
    if (mute.dataset.muted !== String(isMuted)) showMuted(isMuted);
    progress.setAttribute("aria-live", isLive ? "off" : "polite"); // what is spoken is not read as well
    heard.textContent = question;
    if (!question) bubble.remove();
    else if (talk.lastChild !== bubble) talk.append(bubble);
    if (isLive) ticking ??= open();
    else ticking = clearInterval(ticking);
  }

  function showMuted(isMuted) {
    mute.dataset.muted = isMuted;
    name(mute, ...(isMuted ? ["microphone", "call.unmute"] : ["muted", "call.mute"]));
  }

  return { show, close, meter: shape };
}

/** Of one turn, below its answer: for developers. */
export function showLatencies(id, latencies) {
  const seconds = (name) => (latencies[`${name}_ms`] / 1_000).toFixed(2).replace("NaN", "–");
  const names = ["silence", "transcript", "asked", "first_text", "first_audio"];
  const values = Object.fromEntries(names.map((name) => [name, seconds(name)]));
  const answer = document.querySelector(`.answer[data-id="${id}"]`);
  answer?.append(say(element("p", "detail"), "call.latencies", values));
}

/** Its words as a node of their own: where they got longer, those before would seem to have jumped. */
const name = (node, picture, key) => node.replaceChildren(icon(picture), say(element("span"), key));

function showText(node, words) {
  if (words) say(node, ...words);
  else clear(node);
}
