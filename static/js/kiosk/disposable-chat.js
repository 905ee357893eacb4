// The chat page in a frame that lasts as long as one person: with it goes everything that the page knows of them.

import { element } from "../elements.js";
import { label } from "../i18n.js";
import { guard } from "./guard.js";

const SIGNS = ["pointerdown", "keydown", "wheel", "input"];
const BEING_READ = "[data-reading=true]:not([data-paused=true])";
const BUSY_CALL = ["hearing", "thinking", "speaking"].map((state) => `#call[data-state=${state}]:not([hidden])`);
const FAULTS = ["refused", "missing", "unplugged", "busy", "failed", "service", "language", "broken"]; // ../voice/speech-input.js
const DEAF = FAULTS.map((why) => `:is(.voice-state, #call *)[data-say-text*='"voice.${why}"']`);
const HEARD = "#call[data-state=hearing]:not([hidden]), .question.heard";
const RECONNECTS = ["go-on", "call.again"].map((key) => `#snackbars [data-say-text*='"${key}"']`).join();
const VOICE_WAIT_MS = 5_000; // a browser that cannot load the voice can still chat
const LOAD_WAIT_MS = 30_000;

/** `onUsed()` is called when a person does something there, `onDone()` when one begins anew, `show` by guard.js. */
export function createDisposableChat({ onUsed, onDone, show }) {
  const frame = label(element("iframe"), "kiosk.chat");
  const address = new URL(location);
  const madeAt = performance.now();
  let loadedAt = Infinity;
  let wasOpen = false;
  let draft = "";

  address.searchParams.delete("kiosk");
  address.searchParams.set("touch", "kiosk"); // large buttons, and nothing that saves, prints or opens files: boot.js
  frame.setAttribute("allow", "microphone");
  frame.onload = loaded;
  frame.src = address;
  document.body.append(frame);

  /** Null for an error page. */
  function root() {
    try {
      return frame.contentDocument?.documentElement;
    } catch {
      return null;
    }
  }

  const find = (selector) => root()?.querySelector(selector);
  const since = (at) => performance.now() - at;

  function loaded() {
    loadedAt = performance.now();
    const page = frame.contentDocument;
    if (!page) return;
    guard(page, show);
    for (const type of SIGNS) page.addEventListener(type, onUsed, { capture: true, passive: true });
    page.addEventListener("turn:added", onUsed);
    page.addEventListener("conversation:new", onDone);
  }

  const connection = () => find("#state")?.dataset.state;

  /** A person can begin. */
  function isReady() {
    const isOpen = connection() === "open";
    wasOpen ||= isOpen;
    return isOpen && Boolean(find("#welcome > *") && (find(".voice-bar") || since(loadedAt) > VOICE_WAIT_MS));
  }

  /** It is to be made anew: it never came, or was made before the service went away or let nobody in any more. */
  function isSpent() {
    if (since(loadedAt) > 0 && root()?.dataset.stage !== "ready") return true;
    return since(madeAt) > LOAD_WAIT_MS && loadedAt === Infinity || connection() === "ended" || hasLapsed();
  }

  const hasLapsed = () => wasOpen && connection() !== "open";

  /** An answer is being written or spoken, or somebody speaks. */
  function isBusy() {
    const isWriting = connection() === "open" && find(".answer[data-state=streaming]");
    return Boolean(isWriting || find(BEING_READ) || find(BUSY_CALL.join()) || hasDictated());
  }

  function hasDictated() {
    const before = draft;
    draft = find("#question")?.value ?? "";
    return draft !== before;
  }

  /** Not before what the app wants to know first. */
  const call = () => !find("#welcome form") && find(".start-call");

  /** Whether somebody is being heard, or cannot be; undefined where nobody tried. */
  function hears() {
    if (find(HEARD)) return true;
    return find(DEAF.join()) ? false : undefined;
  }

  /** A tap's doing: a call, where there can be one and this device can listen. */
  function start(canListen) {
    if (canListen && call()) call().click();
    else find("#welcome form :is(input, select, textarea), #question")?.focus();
  }

  /** After a close code that says "do not come back". */
  const reconnect = () => find(RECONNECTS)?.closest("button").click();

  return {
    ...{ isReady, isSpent, isBusy, start, hears, reconnect, find, root },
    hasCalls: () => Boolean(call()),
    /** The names of what the app needs to know first, and nobody can fill in here. */
    lacks: () => Array.from(root().querySelectorAll("#welcome [data-lacks]"), ({ dataset }) => dataset.lacks).join(),
    hasSpeech: () => Boolean(find(".start-call, #dictate")),
    version: () => root()?.dataset.version,
    post: (message) => frame.contentWindow?.postMessage(message, location.origin),
    isSource: (source) => source === frame.contentWindow,
    remove: () => frame.remove(),
  };
}
