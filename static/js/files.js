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
  const picker = Object.assign(element("input"), { type: "file", multiple: true });
  let rules = null;
  let files = [];
  let listener = () => {};

  const ready = () => files.filter(({ id }) => id).map(({ id, name, kind }) => ({ id, name, kind }));

  function changed(problem) {
    keep("files", ready());
    list.hidden = !files.length;
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

  function show(file) {
    file.state = element("span", "state");
    if (!file.id) say(file.state, "file.uploading");
    const away = iconButton("close", "file.remove", () => drop(file), { name: file.name });
    file.node = element("li", "", element("span", "name", file.name), file.state, away);
    list.append(file.node);
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

  function problemWith({ name, type, size }) {
    if (files.length >= rules.max_files) return ["file.count", { limit: rules.max_files }];
    const kind = MEDIA.find((prefix) => type.startsWith(prefix)) ?? "document";
    const limit = rules.max_bytes[kind];
    return size > limit ? ["file.size", { name, limit: Math.round(limit / MEGABYTE) }] : null;
  }

  /** `upload` of GET /api/app; without one, no files. */
  function allow(wanted) {
    rules = wanted;
    attach.hidden = !rules;
    if (rules) picker.accept = acceptOf(rules);
  }

  function addAll(sources) {
    if (rules) for (const source of sources) add(source);
  }

  function empty() {
    list.replaceChildren();
    files = [];
    changed();
  }

  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    addAll(picker.files);
    picker.value = "";
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length || !rules) return;
    event.preventDefault();
    addAll(event.clipboardData.files);
  });
  document.addEventListener("dragover", (event) => event.preventDefault()); // else the browser leaves for the file
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    addAll(event.dataTransfer.files);
  });

  recall("files", []).forEach(show);
  list.hidden = !files.length;

  return {
    allow,
    empty,
    list: ready,
    areUploading: () => files.some(({ id }) => !id),
    onChange: (told) => (listener = told),
  };
}

function refusal({ name }, error) {
  if (error.code === 415) return ["file.kind", { name }];
  return ["file.failed", { name, why: t(...failureWords(error)) }];
}

/** What may be chosen; with nothing, all. */
function acceptOf({ extensions, kinds }) {
  if (extensions.length) return extensions.map((each) => `.${each}`).join();
  return kinds.every((kind) => MEDIA.includes(kind)) ? kinds.map((kind) => `${kind}/*`).join() : "";
}
