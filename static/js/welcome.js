// What stands on the page before the first question: a greeting, what one could ask, and what the app wants to know.

import { element, suggestionsOf } from "./elements.js";
import { fieldsOfApp } from "./fields.js";
import { createFields } from "./form.js";
import { label, language, say } from "./i18n.js";
import { load, save } from "./storage.js";
import { createMarkdownRenderer } from "./markdown-renderer.js";

const section = document.getElementById("welcome");
let fields;
let drawGreeting = () => {};

/** `app` is GET /api/app's, or {}; `ask(text)` asks one of its first questions. */
export function greet(app, ask, upload) {
  const { suggested_questions: questions = [], inputs = [] } = app;
  const greeting = element("div", "greeting prose");
  drawGreeting = () => draw(greeting, app);
  drawGreeting();
  const onInput = () => fields && save("inputs", fields.entered());
  fields = null; // until all of them are there
  fields = createFields(fieldsOfApp(inputs), { entered: load("inputs", {}), upload, onInput });
  const openers = questions.filter((question) => question.trim());
  const form = fields.rows.length && formOf(fields);
  const parts = [greeting, form, openers.length && suggestionsOf("openers", openers, ask)];
  section.replaceChildren(...parts.filter(Boolean));
}

/** An operator may have written it in both languages. */
function draw(greeting, { opening_statement: statement, opening_statement_zh: chinese }) {
  const words = (language() !== "en" && chinese) || statement;
  greeting.replaceChildren();
  if (words?.trim()) createMarkdownRenderer(greeting).render(words);
  else say(greeting, "welcome");
}

export const show = (isShown) => (section.hidden = !isShown);

/** What is missing is pointed out, where it can be seen. */
export const isComplete = () => section.hidden || !fields || fields.isComplete();

/** Points out what does not fit, if it was asked for here. */
export function refuse(name) {
  if (fields?.rows.length) show(true);
  if (!fields?.refuse(name)) show(false);
}

export const inputs = () => fields?.values() ?? {};

function formOf({ rows }) {
  const form = label(element("form", "inputs", say(element("p"), "inputs"), ...rows), "inputs");
  return Object.assign(form, { noValidate: true, onsubmit: (event) => event.preventDefault() });
}

new MutationObserver(() => drawGreeting()).observe(document.documentElement, { attributeFilter: ["lang"] });
