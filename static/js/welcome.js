// What stands on the page before the first question: a greeting, what one could ask, and what the app wants to know.

import { element, suggestionsOf } from "./elements.js";
import { say } from "./i18n.js";
import { createInputs } from "./inputs.js";
import { growingMarkdown } from "./nodes.js";

/** `ask(text)` asks one of the app's first questions. */
export function createWelcome(section, ask) {
  let inputs = null;

  /** `app` is GET /api/app's; empty where that is not known. */
  function greet({ opening_statement: statement, suggested_questions: questions = [], inputs: wanted = [] }) {
    const greeting = element("div", "greeting prose");
    if (statement?.trim()) growingMarkdown(greeting).show(statement);
    else say(greeting, "welcome");
    inputs = createInputs(wanted);
    const openers = questions.filter((question) => question.trim());
    const parts = [greeting, inputs?.form, openers.length && suggestionsOf("openers", openers, ask)];
    section.replaceChildren(...parts.filter(Boolean));
  }

  return {
    greet,
    show: (isShown) => (section.hidden = !isShown),
    inputs: () => inputs?.values(),
    /** What is missing is pointed out, where it can be seen. */
    isComplete: () => section.hidden || !inputs || inputs.isComplete(),
  };
}
