// What a call is at one moment, and what makes it another. Pure.

import { joined } from "./phrases.js";

const UNANSWERED = { turn: null, outcome: null, hasSpoken: false };
const ASKED = { ...UNANSWERED, state: "thinking", heard: "", note: null };
const LISTENING = { state: "listening", turn: null };

/**
 * `state`: idle, listening, thinking (about `asked`), speaking, refused or ended. `heard`: what was heard and not yet
 * asked. `turn`: the id of the answer under way; `outcome`: what is to be told of its end; `hasSpoken`: whether its
 * reading was heard. `isOpening`: the microphone is not yet granted. `note`: what else is to be told. Both are [key, values].
 */
export const IDLE = { state: "idle", isOpening: false, isMuted: false, asked: "", heard: "", note: null, ...UNANSWERED };

export const isLive = ({ state }) => ["listening", "thinking", "speaking"].includes(state);
export const questionOf = ({ asked, heard }) => joined(asked, heard);

// What changes. The rest stays.

export const started = () => ({ ...IDLE, state: "listening", isOpening: true });

/** `asked` and `turn`: of a question that was not said, but typed or tapped. */
export const asking = (asked, turn = null) => ({ ...ASKED, asked, turn });

/** Before the answer has begun, what is said goes on with the same question. */
export const afterInterruption = ({ hasSpoken, asked }) => ({ ...LISTENING, asked: hasSpoken ? "" : asked });

/** All of the answer was read that there was to read. */
export function afterReading({ outcome, hasSpoken }, hasFailed) {
  const told = outcome ?? (hasSpoken || hasFailed ? null : ["voice.wordless"]);
  return { ...LISTENING, asked: "", outcome: told, note: told ?? (hasFailed ? ["voice.unspoken"] : null) };
}

/** What is to be seen of it, in one word: its state, or opening, hearing, muted or lost. */
export function phaseOf({ state, isOpening, isMuted, heard }, { isSpeech, isLost }) {
  if (state === "speaking" || !isLive({ state })) return state;
  if (isLost) return "lost";
  if (state === "thinking") return state;
  if (isMuted) return "muted";
  if (heard || isSpeech) return "hearing";
  return isOpening ? "opening" : state;
}
