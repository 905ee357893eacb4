// A list of files, each uploaded as soon as it is chosen.

import { element, iconButton, thumbnail } from "./elements.js";
import { failureWords, say, t } from "./i18n.js";

const MEDIA = ["image", "audio", "video"];
const previews = new Set(); // addresses of pictures that this page holds
const MEGABYTE = 1024 * 1024;

/** What a picker offers, by rules of `GET /api/app` or of a field; with nothing, all. */
export function acceptOf({ extensions = [], kinds = [] }) {
  if (extensions.length) return extensions.map((each) => `.${each.replace(/^\./, "")}`).join();
  return kinds.every((kind) => MEDIA.includes(kind)) ? kinds.map((kind) => `${kind}/*`).join() : "";
}

function previewOf(source) {
  if (!source.type.startsWith("image/")) return undefined;
  const url = URL.createObjectURL(source);
  previews.add(url);
  return url;
}

/** Nobody who comes next may see them. */
export function forgetPreviews() {
  for (const url of previews) URL.revokeObjectURL(url);
  previews.clear();
}

/**
 * `node` is the list, `count` the key that says there are too many. `onChange(problem)` gets what is wrong, if
 * anything: [key, values]; `onDropped()` is told when a person took one away, and its button with it.
 */
export function createUploads({ node, count, onChange, onDropped }) {
  let files = [];
  let rules, upload;

  /** Those that are uploaded. */
  const list = () => files.filter(({ id }) => id).map(({ id, name, kind, preview }) => ({ id, name, kind, preview }));

  /** `wanted` is {max_files, max_bytes, kinds}; what it lacks is no limit. `by(file, signal)` resolves to {id, kind, …}. */
  function allow(wanted, by) {
    [rules, upload] = [wanted, by];
  }

  /** What is still being uploaded is given up. */
  function empty() {
    for (const { leaving } of files) leaving?.abort();
    node.replaceChildren();
    files = [];
    changed();
  }

  /** Puts back what list() gave. */
  function fill(uploaded) {
    uploaded.forEach(show);
    changed();
  }

  function changed(problem) {
    node.hidden = !files.length;
    onChange(problem);
  }

  async function add(source) {
    const problem = problemWith(source);
    if (problem) return changed(problem);
    const file = { name: source.name, preview: previewOf(source), leaving: new AbortController() };
    show(file);
    changed();
    try {
      Object.assign(file, await upload(source, file.leaving.signal));
      file.state.remove();
      if (isTaken(file)) changed();
      else remove(file, ["file.kind", file]);
    } catch (error) {
      if (error.name !== "AbortError") remove(file, refusal(file, error));
    }
  }

  function problemWith({ name, type, size }) {
    const { max_files: limit, max_bytes } = rules;
    if (files.length >= limit) return [count, { limit }];
    const bytes = max_bytes?.[MEDIA.find((prefix) => type.startsWith(prefix)) ?? "document"];
    return size > bytes ? ["file.size", { name, limit: Math.round(bytes / MEGABYTE) }] : null;
  }

  const isTaken = ({ kind }) => !rules.kinds?.length || rules.kinds.some((taken) => taken === kind || taken === "custom");

  function refusal({ name }, error) {
    if (error.code === 415) return ["file.kind", { name }];
    return ["file.failed", { name, why: t(...failureWords(error)) }];
  }

  function show(file) {
    const away = iconButton("close", "file.remove", () => take(file), { name: file.name });
    file.state = element("span", "state");
    if (!file.id) say(file.state, "file.uploading");
    const picture = file.preview ? [thumbnail(file.preview)] : [];
    file.node = element("li", "", ...picture, element("span", "name", file.name), file.state, away);
    node.append(file.node);
    files.push(file);
  }

  function take(file) {
    file.leaving?.abort();
    onDropped();
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

  return { allow, list, empty, fill, addAll, areUploading: () => files.some(({ id }) => !id) };
}
