// When somebody who has fallen silent has had their say, by what they said and how they speak. Pure.

import { completeness } from "./completeness.js";

/** Milliseconds of silence. "unheard": of what is not yet written down. */
const WAITS_MS = {
  usual: { complete: 450, unclear: 1_200, unheard: 1_500, longest: 0 },
  unhurried: { complete: 1_200, unclear: 2_500, unheard: 3_000, longest: 6_000 },
};
const CUT_OFF_MS = 2_000; // who goes on so soon after a question was asked, and nothing answered, had not said all
const SLOWER_MS = 500; // for who was cut off
const ALMOST_SLOWER_MS = 200; // for who almost was
const ALMOST = 0.8; // of the wait
const QUICKER_MS = 100; // with each turn
const MOST_SLOWER_MS = 1_500;

/** `choice` is what the person chose, {pace, pauseSeconds}; `isOther`: their language is neither English nor Chinese. */
export function createEndpoint(choice, isOther) {
  const seen = {}; // of the recogniser: whether it ends texts with a mark, and without
  let slowerMs = 0;
  let last = null; // the turn that was taken for over: {at, goesOn}

  const slow = (ms) => (slowerMs = Math.max(0, Math.min(MOST_SLOWER_MS, slowerMs + ms)));

  /** Some recognisers put a full stop behind all that they hear: it says something where texts come without one, too. */
  const kindOf = (text) => completeness(text, { marks: seen.marked && seen.unmarked ? "trusted" : "untrusted", isOther });

  /** How long silence lasts until the turn is over, after this text, or without one. */
  function wait(text) {
    const waits = WAITS_MS[choice.pace] ?? WAITS_MS.usual;
    const longest = Math.max(waits.longest, choice.pauseSeconds * 1_000);
    const kind = text ? kindOf(text) : "unheard";
    return Math.min(longest, kind === "hanging" ? longest : waits[kind] + slowerMs);
  }

  /** Somebody begins to speak, at this time. */
  function begins(at) {
    if (at - last?.at > CUT_OFF_MS) last = null;
    else if (last) last.goesOn = true;
  }

  /** The page has begun to speak: what is said from now on is another turn. */
  function answered() {
    if (!last?.goesOn) last = null;
  }

  /** Somebody spoke on after a silence, in which this text was known, if any. */
  function goesOn(quietMs, text) {
    if (quietMs > ALMOST * wait(text)) slow(ALMOST_SLOWER_MS);
  }

  /** This was said. */
  function hears(text) {
    if (!text) return;
    seen[/[.。?？!！]$/.test(text) ? "marked" : "unmarked"] = true;
    if (!last?.goesOn) return;
    slow(SLOWER_MS);
    last = null;
  }

  function isOver(text, at) {
    if (!text) return;
    slow(-QUICKER_MS);
    last = { at };
  }

  return { wait, longest: () => wait("…"), begins, answered, goesOn, hears, isOver };
}
