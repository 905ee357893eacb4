// Files that go with the next question: chosen, pasted or dropped; uploaded at once.

import { element, iconButton } from "./elements.js";
import { failureWords, say, t } from "./i18n.js";
import { load, save } from "./storage.js";

const MEDIA = ["image", "audio", "video"];
const MEGABYTE = 1024 * 1024;

const node = document.getElementById("files");
const attach = document.getElementById("attach");
const picker = Object.assign(element("input"), { type: "file", multiple: true });
let files = [];
let listener = () => {};
let rules, upload;

/** `wanted` is `upload` of GET /api/app: without it, no files. `by(file, signal)` resolves to {id, kind, …}. */
export function allow(wanted, by) {
  [rules, upload] = [wanted, by];
  attach.hidden = !rules;
  if (rules) picker.accept = acceptOf(rules);
}

/** What may be chosen; with nothing, all. */
function acceptOf({ extensions, kinds }) {
  if (extensions.length) return extensions.map((each) => `.${each}`).join();
  return kinds.every((kind) => MEDIA.includes(kind)) ? kinds.map((kind) => `${kind}/*`).join() : "";
}

/** Those that are uploaded. */
export const list = () => files.filter(({ id }) => id).map(({ id, name, kind }) => ({ id, name, kind }));
export const areUploading = () => files.some(({ id }) => !id);

/** `told` gets what is wrong, if anything: [key, values]. */
export const onChange = (told) => (listener = told);

/** What is still being uploaded is given up. */
export function empty() {
  for (const { leaving } of files) leaving?.abort();
  node.replaceChildren();
  files = [];
  changed();
}

/** Puts back what list() gave. */
export function fill(uploaded) {
  uploaded.forEach(show);
  changed();
}

function changed(problem) {
  save("files", list());
  node.hidden = !files.length;
  listener(problem);
}

async function add(source) {
  const problem = problemWith(source);
  if (problem) return changed(problem);
  const file = { name: source.name, leaving: new AbortController() };
  show(file);
  changed();
  try {
    Object.assign(file, await upload(source, file.leaving.signal));
    file.state.remove();
    changed();
  } catch (error) {
    if (error.name !== "AbortError") remove(file, refusal(file, error));
  }
}

function problemWith({ name, type, size }) {
  if (files.length >= rules.max_files) return ["file.count", { limit: rules.max_files }];
  const kind = MEDIA.find((prefix) => type.startsWith(prefix)) ?? "document";
  const limit = rules.max_bytes[kind];
  return size > limit ? ["file.size", { name, limit: Math.round(limit / MEGABYTE) }] : null;
}

function refusal({ name }, error) {
  if (error.code === 415) return ["file.kind", { name }];
  return ["file.failed", { name, why: t(...failureWords(error)) }];
}

function show(file) {
  const away = iconButton("close", "file.remove", () => drop(file), { name: file.name });
  file.state = element("span", "state");
  if (!file.id) say(file.state, "file.uploading");
  file.node = element("li", "", element("span", "name", file.name), file.state, away);
  node.append(file.node);
  files.push(file);
}

function drop(file) {
  file.leaving?.abort();
  attach.focus();
  remove(file);
}

function remove(file, problem) {
  files = files.filter((other) => other !== file);
  file.node.remove();
  changed(problem);
}

function addAll(sources) {
  if (!rules) changed(["file.none"]);
  else for (const source of sources) add(source);
}

/** Spreadsheets and word processors put a picture of the text beside it; file managers, the names of the files. */
function holdsText(data) {
  const lines = data.getData("text/plain").split(/[\r\n]+/).filter((line) => line.trim());
  return lines.some((line) => !Array.from(data.files).some(({ name }) => line.split(/[\\/]/).pop() === name));
}

const holdsFiles = (data) => data.types.includes("Files");

attach.onclick = () => picker.click();
picker.onchange = () => {
  addAll(picker.files);
  picker.value = "";
};
document.addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length || holdsText(event.clipboardData)) return;
  event.preventDefault();
  addAll(event.clipboardData.files);
});

/** Text may be dragged into a field. Whatever else is dropped must not make the browser leave for it. */
function refuse(event) {
  const isText = !holdsFiles(event.dataTransfer) && event.target.matches?.("textarea, input");
  if (isText) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = holdsFiles(event.dataTransfer) ? "copy" : "none";
}
document.addEventListener("dragover", refuse);
document.addEventListener("drop", (event) => {
  refuse(event);
  if (holdsFiles(event.dataTransfer)) addAll(event.dataTransfer.files);
});

fill(load("files", []));
