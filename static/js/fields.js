// The fields of forms, as Dify describes them before a conversation and amid an answer. Pure.
//
// A field is {name, title, type, value, isRequired, isHidden, options, longest, kinds, extensions, most}: `type` is Dify's
// word, "" for what cannot be asked for; `value` its default; `longest` in characters; `most` a number of files.

import { asInput } from "./frames.js";

const ASKED = ["text-input", "paragraph", "number", "select", "checkbox", "json_object", "file", "file-list"];
const PLACE = /\{\{#\$output\.([^{}#]+)#\}\}/g;

/** Of `user_input_form`, {kind: {…}} each. What Dify fetches from elsewhere by itself is no field. */
export function fieldsOfApp(inputs) {
  return inputs.flatMap(Object.entries).filter(([type]) => type !== "external_data_tool").map(([type, wish]) => ({
    name: wish.variable,
    title: wish.label || wish.variable,
    type: ASKED.includes(type) && isUploadable(wish) ? type : "",
    value: wish.default,
    isRequired: Boolean(wish.required),
    isHidden: wish.hide === true,
    options: wish.options,
    longest: wish.max_length,
    kinds: wish.allowed_file_types,
    extensions: wish.allowed_file_extensions,
    most: wish.max_length,
  }));
}

/** Some take the address of a file only. */
const isUploadable = ({ allowed_file_upload_methods: ways }) => !ways?.length || ways.includes("local_file");

/** Of a paused answer's form, which wants a value for each: texts and lists may be empty. */
export function fieldsOfForm(inputs) {
  return inputs.map((input) => ({
    ...input,
    title: input.name,
    type: ASKED.includes(input.type) ? input.type : "text-input",
    value: input.default,
    isRequired: ["select", "number", "json_object", "file"].includes(input.type),
    kinds: input.file_types,
    most: input.max_files,
  }));
}

/** What is to be shown of a form's Markdown: strings, and fields at the places that it has for them; then the others. */
export function placed(content, fields) {
  const left = new Map(fields.map((field) => [field.name, field]));
  const take = (name) => [left.get(name)].filter(() => left.delete(name));
  const pieces = content.split(PLACE).flatMap((piece, at) => (at % 2 ? take(piece) : piece.trim() ? [piece] : []));
  return [...pieces, ...left.values()];
}

/** A form's Markdown without those places. */
export const withoutPlaces = (content) => content.replace(PLACE, "");

/** What a field begins with; `kept` is what was in it before. */
export function startOf({ type, value, options = [] }, kept = value) {
  if (type === "checkbox") return [true, "true", 1, "1"].includes(kept);
  if (type.startsWith("file")) return Array.isArray(kept) ? kept.filter((file) => file?.kind) : [];
  const text = typeof (kept ?? "") === "object" ? JSON.stringify(kept) : String(kept ?? "");
  return type !== "select" || options.includes(text) ? text : "";
}

/** What is to be sent for what is in a field, {value}, undefined for nothing; or {problem}, the key of its words. */
export function read({ type, isRequired, kinds = [] }, entered) {
  if (type === "checkbox") return { value: entered };
  if (!entered.length) return isRequired ? { problem: "field.missing" } : {};
  if (type === "number") return readNumber(Number(entered));
  if (type === "json_object") return readObject(entered);
  if (!type.startsWith("file")) return { value: entered };
  const isCustom = ({ kind }) => kinds.includes("custom") && !kinds.includes(kind);
  const files = entered.map((file) => asInput(isCustom(file) ? { ...file, kind: "custom" } : file));
  return { value: type === "file" ? files[0] : files };
}

const readNumber = (value) => (Number.isFinite(value) ? { value } : { problem: "field.number" });

function readObject(text) {
  try {
    const value = JSON.parse(text);
    if (Object.prototype.toString.call(value) === "[object Object]") return { value };
  } catch {}
  return { problem: "field.json" };
}
