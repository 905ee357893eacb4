// Files that go with the next question: chosen, pasted or dropped; uploaded at once.

import { element, iconButton } from "./elements.js";
import { failureWords, say, t } from "./i18n.js";
import { keep, recall } from "./memory.js";

const MEDIA = ["image", "audio", "video"];
const MEGABYTE = 1024 * 1024;

/**
 * `upload(file, signal)` resolves to {id, name, kind, …}. `list` is where the files are shown, `attach` the button that
 * chooses some. Nothing of it is seen before `allow` is called with the app's `upload`.
 */
export function createFiles({ list, attach, upload }) {
  const picker = element("input");
  picker.type = "file";
  picker.multiple = true;
  let rules = null;
  let files = [];
  let listener = () => {};

  function changed(problem) {
    keep("files", ready());
    list.hidden = !files.length;
    listener(problem);
  }

  const ready = () => files.filter(({ id }) => id).map(({ id, name, kind }) => ({ id, name, kind }));

  function show(file) {
    files.push(file);
    const away = iconButton("close", "file.remove", () => drop(file), { name: file.name });
    const state = element("span", "state");
    const node = element("li", "", element("span", "name", file.name), state, away);
    if (!file.id) say(state, "file.uploading");
    list.append(node);
    file.node = node;
  }

  function drop(file) {
    file.leaving?.abort();
    remove(file);
    attach.focus();
    changed();
  }

  function remove(file) {
    files = files.filter((other) => other !== file);
    file.node.remove();
  }

  async function add(source) {
    const problem = problemWith(source);
    if (problem) return changed(problem);
    const file = { name: source.name, leaving: new AbortController() };
    show(file);
    changed();
    try {
      Object.assign(file, await upload(source, file.leaving.signal));
      file.node.querySelector(".state").remove();
      changed();
    } catch (error) {
      if (error.name !== "AbortError") refuse(file, error);
    }
  }

  function refuse(file, error) {
    remove(file);
    if (error.code === 415) return changed(["file.kind", { name: file.name }]);
    changed(["file.failed", { name: file.name, why: t(...failureWords(error)) }]);
  }

  function problemWith({ name, type, size }) {
    const { max_files: count, max_bytes: limits = {} } = rules;
    if (files.length >= count) return ["file.count", { limit: count }];
    const kind = MEDIA.find((prefix) => type.startsWith(prefix)) ?? "document";
    if (size > limits[kind]) return ["file.size", { name, limit: Math.round(limits[kind] / MEGABYTE) }];
    return null;
  }

  /** `upload` of GET /api/app; null: no files. */
  function allow(upload) {
    rules = upload;
    attach.hidden = !rules;
    const { extensions = [], kinds = [] } = rules ?? {};
    const isMedia = kinds.length && kinds.every((kind) => MEDIA.includes(kind));
    picker.accept = extensions.map((each) => `.${each}`).join() || (isMedia ? kinds.map((kind) => `${kind}/*`).join() : "");
  }

  function addAll(sources) {
    if (rules) for (const source of sources) add(source);
  }

  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    addAll(picker.files);
    picker.value = "";
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length || !rules) return;
    event.preventDefault();
    addAll(event.clipboardData.files);
  });
  document.addEventListener("dragover", (event) => event.preventDefault()); // else the browser leaves for the file
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    addAll(event.dataTransfer.files);
  });

  for (const file of recall("files", [])) show(file);
  list.hidden = !files.length;

  return {
    allow,
    list: ready,
    areUploading: () => files.some(({ id }) => !id),
    onChange: (told) => (listener = told),
    empty() {
      for (const file of files) remove(file);
      changed();
    },
  };
}
