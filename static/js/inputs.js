// What an app wants to know before the first question (Dify: user_input_form), as a form.

import { element } from "./elements.js";
import { label, say } from "./i18n.js";
import { keep, recall } from "./memory.js";

/** How each kind is asked for; kinds that are not here are left out. */
const FIELDS = {
  "text-input": () => inputOf("text"),
  paragraph: () => element("textarea"),
  number: () => Object.assign(inputOf("number"), { step: "any" }),
  select: selectOf,
};

/** `wanted` is Dify's list of {kind: {label, variable, required, …}}. Returns null where there is nothing to ask. */
export function createInputs(wanted) {
  const before = recall("inputs", {});
  const fields = wanted.flatMap((item) => Object.entries(item)).filter(([kind]) => kind in FIELDS);
  if (!fields.length) return null;
  const rows = fields.map(([kind, wish]) => rowOf(kind, wish, before[wish.variable] ?? wish.default ?? ""));
  const form = label(element("form", "inputs", say(element("p"), "inputs"), ...rows), "inputs");
  const values = () => Object.fromEntries([...form.elements].map(valueOf).filter(([, value]) => value !== ""));
  form.addEventListener("input", () => keep("inputs", values()));
  form.addEventListener("submit", (event) => event.preventDefault());
  return { form, values, isComplete: () => form.reportValidity() };
}

function rowOf(kind, wish, value) {
  const { variable: name, label: title = name, required, max_length: length } = wish;
  const field = Object.assign(FIELDS[kind](wish), { name, required, value });
  if (length > 0) field.maxLength = length;
  return element("label", "", required ? say(element("span"), "inputs.required", { name: title }) : title, field);
}

const inputOf = (type) => Object.assign(element("input"), { type, autocomplete: "off" });

function selectOf({ options = [] }) {
  const none = say(new Option("", ""), "inputs.choose");
  return element("select", "", none, ...options.map((option) => new Option(option, option)));
}

const valueOf = ({ name, type, value }) => [name, type === "number" && value !== "" ? Number(value) : value];
