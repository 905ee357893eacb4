// The fields of a form as nodes: what is asked before a conversation, and amid an answer.

import { element, hasKeyboard, takesFiles } from "./elements.js";
import { read, startOf } from "./fields.js";
import { clear, label, say } from "./i18n.js";
import { acceptOf, createUploads } from "./uploads.js";

const CHOSEN = ["select", "checkbox", "file", "file-list"]; // by a finger
const inputOf = (type) => Object.assign(element("input"), { type, autocomplete: "off" });
const MAKERS = {
  paragraph: () => element("textarea"),
  json_object: () => Object.assign(element("textarea"), { spellcheck: false, placeholder: "{ }" }),
  number: () => Object.assign(inputOf("number"), { step: "any" }),
  select: makeSelect,
  checkbox: () => inputOf("checkbox"),
};
let count = 0; // for ids

/**
 * `fields` are those of fields.js, `entered` what was in them before: name to text, a boolean or files. Files are sent by
 * `upload(file, signal)`. `onInput()` is told of each change. Fields that are hidden have a value only, and no row.
 */
export function createFields(fields, { entered = {}, upload, onInput }) {
  const makers = { file: makeFiles, "file-list": makeFiles };
  const before = new Map(Object.entries(entered)); // a name may be `constructor`
  const items = fields.map((field) => {
    const start = startOf(field, before.get(field.name));
    if (field.isHidden) return { field, entered: () => start, problem: () => null };
    const obstacle = obstacleTo(field);
    if (obstacle) return makeUnfillable(field, start, obstacle);
    return (field.type ? (makers[field.type] ?? makeOne) : makeUnknown)(field, start, { upload, onInput });
  });
  const find = (name) => items.find(({ field }) => field.name === name);

  /** Points out the first thing that is wrong. */
  function isComplete() {
    const wrong = items.filter((item) => complain(item, item.problem() ?? read(item.field, item.entered()).problem));
    wrong[0]?.control.focus();
    return !wrong.length;
  }

  /** Says whether there is such a field to correct. */
  function refuse(name) {
    const item = find(name);
    if (!item?.control) return false;
    complain(item, item.entered().length === 0 ? "field.missing" : "field.unfit");
    item.control.focus();
    return true;
  }

  const all = (of) => Object.fromEntries(items.map(({ field, entered: what }) => [field.name, of(what(), field)]));

  return {
    rows: items.flatMap(({ row = [] }) => row),
    rowOf: (field) => find(field.name).row,
    /** Name to what is to be sent; undefined for nothing. */
    values: () => all((what, field) => read(field, what).value),
    /** For `entered`. */
    entered: () => all((what) => what),
    isComplete,
    refuse,
  };
}

function complain({ control, error }, key) {
  if (!control) return false;
  control.setAttribute("aria-invalid", Boolean(key));
  if (key) say(error, key);
  else clear(error);
  return Boolean(key);
}

/**
 * A field with its name, and below it what is wrong with what is in it. Its control has no `name`: one called `elements`,
 * say, would stand for the form's own property.
 */
function rowOf({ title, isRequired }, control, ...more) {
  const words = isRequired ? say(element("span"), "inputs.required", { name: title }) : element("span", "", title);
  const isBox = control.type === "checkbox";
  const name = element("label", isBox ? "box" : "", ...(isBox ? [control, words] : [words, control]));
  const error = Object.assign(element("p", "wrong"), { id: `wrong-${(count += 1)}` });
  error.setAttribute("role", "alert");
  control.setAttribute("aria-describedby", error.id);
  return { control, error, row: element("div", "asked", name, ...more, error) };
}

function makeOne(field, start, { onInput }) {
  const control = (MAKERS[field.type] ?? (() => inputOf("text")))(field);
  const isBox = field.type === "checkbox"; // one that is not ticked has a value, too
  const required = field.isRequired && !isBox;
  Object.assign(control, { required, [isBox ? "checked" : "value"]: start });
  if (field.longest > 0 && "maxLength" in control) control.maxLength = field.longest;
  const item = { field, ...rowOf(field, control) };
  control.oninput = () => {
    complain(item);
    onInput();
  };
  return {
    ...item,
    entered: () => (isBox ? control.checked : control.value),
    problem: () => (control.validity.badInput ? "field.number" : null),
  };
}

function makeSelect({ options = [] }) {
  const none = say(new Option("", ""), "inputs.choose");
  return element("select", "", none, ...options.map((option) => new Option(option, option)));
}

function makeFiles(field, start, { upload, onInput }) {
  const isOne = field.type === "file";
  const control = Object.assign(element("input"), { type: "file", required: field.isRequired, multiple: !isOne });
  const list = Object.assign(label(element("ul", "files"), "files"), { hidden: true });
  const item = { field, ...rowOf(field, control, list) };
  const uploads = createUploads({ node: list, count: "field.files", onChange: changed, onDropped: dropped });

  function changed(problem) {
    if (problem) say(item.error, ...problem);
    onInput();
  }

  function dropped() {
    complain(item);
    control.focus();
  }

  control.accept = acceptOf(field);
  control.onchange = () => {
    complain(item);
    if (isOne) uploads.empty();
    uploads.addAll(control.files);
    control.value = "";
  };
  uploads.allow({ max_files: isOne ? 1 : field.most || Infinity, kinds: field.kinds }, upload);
  if (start.length) uploads.fill(start);
  return { ...item, entered: uploads.list, problem: () => (uploads.areUploading() ? "file.wait" : null) };
}

/** The key of what to say of a field that nobody can fill in on this screen. */
function obstacleTo({ type }) {
  if (!takesFiles && type.startsWith("file")) return "field.no-files";
  return type && !hasKeyboard && !CHOSEN.includes(type) ? "field.keyboard" : null;
}

/** It is said, and a form that needs it is not sent: Dify would refuse it. */
function makeUnfillable(field, start, key) {
  const row = Object.assign(say(element("p", "asked"), key, { name: field.title }), { tabIndex: -1 });
  if (field.isRequired && !start.length) row.dataset.lacks = field.name; // kiosk.js
  return { field, row, control: row, error: element("p"), entered: () => start, problem: () => null };
}

/** It is said, not hidden. */
function makeUnknown({ title, ...field }) {
  const row = say(element("p", "asked"), "field.unknown", { name: title });
  return { field: { ...field, isRequired: false }, row, entered: () => "", problem: () => null };
}
