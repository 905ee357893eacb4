// What is to be told of an answer when it is over. Pure.

import { withoutPlaces } from "../fields.js";
import { failureWords, language } from "../i18n.js";
import { blocksOf } from "../markdown-parser.js";
import { plainTextOf } from "../plain-text.js";

/** Takes a turn of turn-queue.js; returns [key, values], or null where its words say all. */
export function outcomeOf({ status, text, lost, failure, reason, form, made = [] }) {
  if (lost) return ["status.lost"];
  if (failure || status === "incomplete") return failureWords(failure ?? { reason: reason ?? "broken_off" });
  if (status === "stopped") return ["status.stopped"];
  if (status === "paused") return form?.actions.length ? choicesOf(form) : ["status.asked"];
  if (made.length) return ["voice.files", { names: listed("conjunction", made.map(({ name }) => name)) }];
  return text.trim() ? null : ["status.empty"];
}

function choicesOf({ content, actions }) {
  const choices = listed("disjunction", actions.map(({ title }) => title));
  return ["voice.choices", { content: plainTextOf(blocksOf(withoutPlaces(content))), choices }];
}

const listed = (type, names) => new Intl.ListFormat(language(), { type }).format(names);
