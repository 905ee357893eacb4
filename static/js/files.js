// Files that go with the next question: chosen, pasted or dropped.

import { element } from "./elements.js";
import { load, save } from "./storage.js";
import { acceptOf, createUploads } from "./uploads.js";

const attach = document.getElementById("attach");
const picker = Object.assign(element("input"), { type: "file", multiple: true });
let listener = () => {};
const uploads = createUploads({
  node: document.getElementById("files"),
  count: "file.count",
  onChange: changed,
  onDropped: () => attach.focus(),
});
export const { list, empty, fill, areUploading } = uploads;
const { addAll } = uploads;

/** `rules` are `upload` of GET /api/app: without it, no files. */
export function allow(rules, upload) {
  uploads.allow(rules, upload);
  attach.hidden = !rules;
  if (rules) picker.accept = acceptOf(rules);
}

/** `told` gets what is wrong, if anything: [key, values]. */
export const onChange = (told) => (listener = told);

function changed(problem) {
  save("files", uploads.list());
  listener(problem);
}

/** Spreadsheets and word processors put a picture of the text beside it; file managers, the names of the files. */
function holdsText(data) {
  const lines = data.getData("text/plain").split(/[\r\n]+/).filter((line) => line.trim());
  return lines.some((line) => !Array.from(data.files).some(({ name }) => line.split(/[\\/]/).pop() === name));
}

/** A form's own field for files takes what is dropped there. */
const isPicker = ({ target }) => target.matches?.("[type=file]");
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
  if (isPicker(event)) return;
  if (!holdsFiles(event.dataTransfer) && event.target.matches?.("textarea, input")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = holdsFiles(event.dataTransfer) ? "copy" : "none";
}
document.addEventListener("dragover", refuse);
document.addEventListener("drop", (event) => {
  refuse(event);
  if (holdsFiles(event.dataTransfer) && !isPicker(event)) addAll(event.dataTransfer.files);
});

fill(load("files", []));
