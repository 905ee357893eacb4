// What a call is at one moment, and what makes it another. Pure.

import { joined } from "./phrases.js";

export const UNSPOKEN = ["voice.unspoken"];
const UNANSWERED = { turn: null, outcome: null, hasSpoken: false, isRepeated: false, isSilent: false };
const ASKED = { ...UNANSWERED, state: "thinking", heard: "", note: null };
const LISTENING = { state: "listening", turn: null, isRepeated: false };

/**
 * `state`: idle, listening, thinking (about `asked`), speaking, refused or ended. `heard`: what was heard and not yet
 * asked. `turn`: the id of the answer under way, or of one that `isRepeated`; `outcome`: what is to be told of its end;
 * `hasSpoken`: whether its reading was heard; `isSilent`: it waits for more to say; `isPaused`: somebody has it pause.
 * `isOpening`: the microphone is not yet granted; `deafness`: why nothing is heard any more, while an answer is still
 * read; `note`: what else is to be told. These two and `outcome` are [key, values].
 */
const USUAL = { isOpening: false, isMuted: false, isPaused: false, deafness: null };
export const IDLE = { state: "idle", ...USUAL, asked: "", heard: "", note: null, ...UNANSWERED };

export const isAnswering = ({ state }) => ["thinking", "speaking"].includes(state);
export const isLive = (call) => call.state === "listening" || isAnswering(call);
export const questionOf = ({ asked, heard }) => joined(asked, heard);

// What changes. The rest stays.

export const started = () => ({ ...IDLE, state: "listening", isOpening: true });

/** What hearing does besides: see speech-input.js. */
export const TOLD = { network: { note: ["voice.network"], isOpening: true }, unclear: { note: ["voice.unclear"] } };

/** Of a call whose hearing has ended, and why. */
export const endOf = ({ isOpening }, why) =>
  why === "refused" || (isOpening && ["missing", "busy", "failed"].includes(why)) ? "refused" : "ended";

/** `asked` and `turn`: of a question that was not said, but typed or tapped. */
export const asking = (asked, turn = null) => ({ ...ASKED, asked, turn });

export const repeating = (turn) => ({ ...asking("", turn), state: "speaking", isRepeated: true });

/** Before the answer has begun, what is said goes on with the same question. */
export const afterInterruption = ({ hasSpoken, asked }) => ({ ...LISTENING, asked: hasSpoken ? "" : asked });

/** All of the answer was read that there was to read, or what could be. */
export function afterReading({ outcome, hasSpoken }, hasFailed) {
  const told = outcome ?? (hasSpoken || hasFailed ? null : ["voice.wordless"]);
  return { ...LISTENING, asked: "", outcome: told, note: hasFailed ? UNSPOKEN : told };
}

/**
 * What is to be seen of it, in one word: its state, or opening, paused, held (somebody speaks over the answer), hearing,
 * muted or lost.
 */
export function phaseOf({ state, isOpening, isMuted, isPaused, isSilent, heard }, { isSpeech, isHeld, isLost }) {
  if (!isLive({ state })) return state;
  if (isPaused) return "paused";
  if (state === "speaking" && (isSpeech || isHeld)) return "held";
  if (state === "speaking" && !isSilent) return state;
  if (isLost) return "lost";
  if (isAnswering({ state })) return "thinking";
  if (isMuted) return "muted";
  if (heard || isSpeech) return "hearing";
  return isOpening ? "opening" : state;
}
