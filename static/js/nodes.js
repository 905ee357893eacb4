// Markdown to DOM nodes. Text becomes text nodes only: no answer can bring markup, script or remote content.
// What did not change since the last drawing is not touched: neither a reader's selection nor the layout of it.

import { copyBy, element, iconButton } from "./elements.js";
import { label, say } from "./i18n.js";
import { partsOf } from "./inline.js";
import { createParser } from "./markdown.js";

/** What is more than an element of its name; INSIDES tells where in it the children are. */
const MAKERS = {
  a: linkOf,
  img: linkOf,
  math: () => element("code", "math"),
  ref: () => element("span", "ref"),
  li: ({ value, checked }) => {
    const node = Object.assign(element("li"), value !== undefined && { value });
    if (checked !== undefined) node.dataset.checked = checked;
    return node;
  },
  footnote: ({ label }) => element("div", "footnote", element("span", "ref", `[${label}]`), element("div")),
  details: () => element("details", "thought", say(element("summary"), "thought"), element("div")),
  ol: ({ start }) => Object.assign(element("ol"), start !== 1 && { start }),
  pre: makeCode,
  table: () => scrollable(element("div", "", element("table")), "table.name"),
};
const INSIDES = { details: "div", footnote: "div", pre: "code", table: "table" };
const OWN = ["tag", "href", "start", "value", "checked", "label", "language", "align"];

/** Shows Markdown that grows in `target`. */
export function growingMarkdown(target) {
  let parse, shown;

  function clear() {
    [parse, shown] = [createParser(), []];
    target.replaceChildren();
  }

  function show(text) {
    const { settled, open, isReset } = parse(text);
    if (isReset) [shown] = [[], target.replaceChildren()];
    fill(target, [...settled, ...open], shown, target.childNodes.length - shown.length);
    shown = open;
  }

  clear();
  return { show, clear };
}

/** Makes the children of `parent`, from number `from` on, show `parts` in place of `old`. */
function fill(parent, parts, old, from = 0) {
  parts.forEach((part, at) => {
    const before = old[at];
    if (before === part) return;
    const current = parent.childNodes[from + at];
    if (isAlike(before, part)) return update(current, part, before);
    const node = make(part);
    update(node, part);
    if (current) current.replaceWith(node);
    else parent.append(node);
  });
  while (parent.childNodes.length > from + parts.length) parent.lastChild.remove();
}

/** Whether the node of one can become that of the other: both are strings, or differ in what is inside only. */
const isAlike = (one, other) => one !== undefined && OWN.every((name) => one[name] === other[name]);

function update(node, part, before = "") {
  if (part.text && part.text === before.text) return;
  if (part.tag) fill(insideOf(node, part), partsOf(part), partsOf(before));
  else if (part.startsWith(before)) node.appendData(part.slice(before.length));
  else node.data = part;
}

const insideOf = (node, { tag }) => (tag in INSIDES ? node.querySelector(INSIDES[tag]) : node);

function make(part) {
  if (!part.tag) return document.createTextNode("");
  const node = MAKERS[part.tag]?.(part) ?? element(part.tag);
  if (part.align) node.dataset.align = part.align;
  return node;
}

function linkOf({ href }) {
  return Object.assign(element("a"), { href, target: "_blank", rel: "noopener noreferrer" });
}

function makeCode({ language }) {
  const code = element("code");
  const button = iconButton("copy", "code.copy", () => copyBy(button, code.textContent, "code.copy"));
  const head = element("div", "code-head", element("span", "", language), button);
  return element("div", "code", head, scrollable(element("pre", "", code), "code.name"));
}

function scrollable(node, key) {
  node.classList.add("scrollable");
  node.tabIndex = 0;
  node.setAttribute("role", "group");
  return label(node, key);
}
