// What is to be told of an answer when it is over. Pure.

import { failureWords } from "../i18n.js";

/** Takes a turn of turn-queue.js; returns [key, values], or null where its words say all. */
export function outcomeOf({ status, text, lost, failure, reason }) {
  if (lost) return ["status.lost"];
  if (failure || status === "incomplete") return failureWords(failure ?? { reason: reason ?? "broken_off" });
  if (status === "stopped") return ["status.stopped"];
  return text.trim() ? null : ["status.empty"];
}
