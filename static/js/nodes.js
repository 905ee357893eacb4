// Blocks of Markdown to DOM nodes. Text becomes text nodes only: no answer can bring markup, script or remote content.
// What did not change since the last drawing is not touched: neither a reader's selection nor the browser's layout of it.

import { copyBy, element, iconButton } from "./elements.js";
import { label, say } from "./i18n.js";
import { parseInline } from "./inline.js";
import { parse, separateThoughts } from "./markdown.js";

const POSITIONS = new Set(["line", "end", "offset"]);

/** Each kind makes its empty node, and fills it; `old` is the block that it showed before, if any. */
const KINDS = {
  paragraph: { make: () => element("p"), fill: fillText },
  heading: { make: ({ level }) => element(`h${level}`), fill: fillText },
  rule: { make: () => element("hr"), fill: () => {} },
  quote: { make: () => element("blockquote"), fill: (node, { blocks }, old) => fillBlocks(node, blocks, old?.blocks) },
  thought: { make: makeThought, fill: (node, { blocks }, old) => fillBlocks(node.lastChild, blocks, old?.blocks) },
  code: { make: makeCode, fill: fillCode },
  list: { make: makeList, fill: (node, { items }, old) => fillEach(node, items, old?.items, makeItem, fillBlocks) },
  table: { make: makeTable, fill: fillTable },
};

/** Shows Markdown that grows in `target`. Only its last two blocks are read again: nothing that comes later changes others. */
export function growingMarkdown(target) {
  let shown = [];
  let settled = 0; // where the blocks that may still change begin, in the text
  let settledNodes = 0;

  function show(source) {
    const text = separateThoughts(source);
    const blocks = parse(text.slice(settled));
    fillBlocks(target, blocks, shown, settledNodes);
    const settling = Math.max(0, blocks.length - 2);
    if (settling) settled += blocks[settling].offset;
    settledNodes += settling;
    shown = blocks.slice(settling);
  }

  function clear() {
    [shown, settled, settledNodes] = [[], 0, 0];
    target.replaceChildren();
  }

  return { show, clear };
}

/** Makes the children of `parent`, from number `from` on, show `blocks` in place of `old`. */
function fillBlocks(parent, blocks, old, from = 0) {
  fillEach(parent, blocks, old, makeBlock, (node, block, before) => KINDS[block.type].fill(node, block, before), from);
}

const makeBlock = (block) => KINDS[block.type].make(block);
const makeItem = () => element("li");

function fillEach(parent, things, old = [], make, fill, from = 0) {
  things.forEach((thing, index) => {
    let before = old[index];
    if (before && isSame(before, thing)) return;
    const current = parent.childNodes[from + index];
    if (!before || !isAlike(before, thing)) before = undefined;
    const node = before ? current : make(thing);
    if (!before && current) current.replaceWith(node);
    else if (!before) parent.append(node);
    fill(node, thing, before);
  });
  while (parent.childNodes.length > from + things.length) parent.lastChild.remove();
}

/** Whether the node of one can become the node of the other. */
function isAlike(one, other) {
  if (typeof one !== typeof other || other.tag) return false;
  return ["type", "level", "ordered", "start", "language"].every((name) => one[name] === other[name]);
}

function isSame(one, other) {
  if (one === other) return true;
  if (!one || !other || typeof one !== "object" || typeof other !== "object") return false;
  const names = Object.keys(other);
  if (Object.keys(one).length !== names.length) return false;
  return names.every((name) => POSITIONS.has(name) || isSame(one[name], other[name]));
}

// Text

function fillText(node, { text }, old) {
  fillParts(node, parseInline(text), old ? parseInline(old.text) : []);
}

/** Strings become text nodes: one of them may grow in its place. */
function fillParts(node, parts, old) {
  const makePart = (part) => (typeof part === "string" ? document.createTextNode("") : inlineNode(part, false));
  fillEach(node, parts, old, makePart, (child, part) => {
    if (typeof part === "string") child.data = part;
  });
}

function inlineNode(part, inLink) {
  if (typeof part === "string") return part;
  const isLink = part.tag === "a" && !inLink;
  const children = (part.children ?? []).map((child) => inlineNode(child, inLink || isLink));
  if (!isLink) return element(part.tag === "a" ? "span" : part.tag, "", ...children);
  return Object.assign(element("a", "", ...children), { href: part.href, target: "_blank", rel: "noopener noreferrer" });
}

// Code, lists, tables, thoughts

function scrollable(node, key) {
  node.classList.add("scrollable");
  node.tabIndex = 0;
  node.setAttribute("role", "group");
  return label(node, key);
}

function makeCode({ language }) {
  const code = element("code");
  const button = iconButton("copy", "code.copy", () => copyBy(button, code.textContent, "code.copy"));
  const head = element("div", "code-head", element("span", "", language), button);
  return element("div", "code", head, scrollable(element("pre", "", code), "code.name"));
}

function fillCode(node, { text }, old) {
  const code = node.lastChild.firstChild;
  if (old && text.startsWith(old.text) && code.firstChild) code.firstChild.appendData(text.slice(old.text.length));
  else code.textContent = text;
}

function makeList({ ordered, start }) {
  const list = element(ordered ? "ol" : "ul");
  if (ordered && start !== 1) list.start = start;
  return list;
}

function makeTable() {
  return scrollable(element("div", "", element("table", "", element("thead"), element("tbody"))), "table.name");
}

function fillTable(node, { head, aligns, rows }, old) {
  const [thead, tbody] = node.firstChild.children;
  const isAligned = old && isSame(old.aligns, aligns);
  const fill = (tag) => (row, cells) => row.replaceChildren(...cells.map((text, column) => cell(tag, text, aligns[column])));
  const makeRow = () => element("tr");
  fillEach(thead, [head], isAligned ? [old.head] : [], makeRow, fill("th"));
  fillEach(tbody, rows, isAligned ? old.rows : [], makeRow, fill("td"));
}

function cell(tag, text, align) {
  const node = element(tag);
  node.dataset.align = align;
  fillText(node, { text });
  return node;
}

function makeThought() {
  return element("details", "thought", say(element("summary"), "thought"), element("div"));
}
