// What stands on the page before the first question: a greeting, what one could ask, and what the app wants to know.

import { element, suggestionsOf } from "./elements.js";
import { label, say } from "./i18n.js";
import { load, save } from "./storage.js";
import { createMarkdownRenderer } from "./markdown-renderer.js";

/** How each kind of input is asked for (Dify: user_input_form); kinds that are not here are left out. */
const FIELDS = {
  "text-input": () => inputOf("text"),
  paragraph: () => element("textarea"),
  number: () => Object.assign(inputOf("number"), { step: "any" }),
  select: selectOf,
};

const section = document.getElementById("welcome");
let form = null;

/** `app` is GET /api/app's, or {}; `ask(text)` asks one of its first questions. */
export function greet({ opening_statement: statement, suggested_questions: questions = [], inputs = [] }, ask) {
  const greeting = element("div", "greeting prose");
  if (statement?.trim()) createMarkdownRenderer(greeting).render(statement);
  else say(greeting, "welcome");
  form = formOf(inputs);
  const openers = questions.filter((question) => question.trim());
  const parts = [greeting, form, openers.length && suggestionsOf("openers", openers, ask)];
  section.replaceChildren(...parts.filter(Boolean));
}

export const show = (isShown) => (section.hidden = !isShown);

/** What is missing is pointed out, where it can be seen. */
export const isComplete = () => section.hidden || !form || form.reportValidity();

export function inputs() {
  const values = Array.from(form?.elements ?? [], valueOf);
  return Object.fromEntries(values.filter(([, value]) => value !== ""));
}

/** `wanted` is Dify's list of {kind: {label, variable, required, …}}. Returns null where there is nothing to ask. */
function formOf(wanted) {
  const before = load("inputs", {});
  const fields = wanted.flatMap(Object.entries).filter(([kind]) => kind in FIELDS);
  const rows = fields.map(([kind, wish]) => rowOf(kind, wish, before[wish.variable] ?? wish.default ?? ""));
  const onsubmit = (event) => event.preventDefault();
  const oninput = () => save("inputs", inputs());
  const node = label(element("form", "inputs", say(element("p"), "inputs"), ...rows), "inputs");
  return rows.length ? Object.assign(node, { onsubmit, oninput }) : null;
}

function rowOf(kind, wish, value) {
  const { variable: name, required, max_length: length } = wish;
  const title = wish.label ?? name;
  const field = Object.assign(FIELDS[kind](wish), { name, required, value });
  const words = required ? say(element("span"), "inputs.required", { name: title }) : element("span", "", title);
  if (length > 0) field.maxLength = length;
  return element("label", "", words, field);
}

const inputOf = (type) => Object.assign(element("input"), { type, autocomplete: "off" });

function selectOf({ options = [] }) {
  const none = say(new Option("", ""), "inputs.choose");
  return element("select", "", none, ...options.map((option) => new Option(option, option)));
}

const valueOf = ({ name, type, value }) => [name, type === "number" && value !== "" ? Number(value) : value];
