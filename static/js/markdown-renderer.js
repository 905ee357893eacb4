// Markdown to DOM nodes. Text becomes text nodes only: no answer can bring markup, script or remote content.
// What did not change since the last drawing is not touched: neither a reader's selection nor the layout of it.
// A browser that translates the page puts nodes of its own in place of these: what changes there is drawn anew.

import { copyBy, element, iconButton } from "./elements.js";
import { label, say } from "./i18n.js";
import { partsOf } from "./inline.js";
import { createParser } from "./markdown-parser.js";

/** What is more than an element of its name; INSIDES tells where in it the children are. */
const MAKERS = {
  a: makeLink,
  blockquote: () => directed(element("blockquote")),
  code: () => makeCode(),
  details: () => element("details", "thought", say(element("summary"), "thought"), element("div")),
  footnote: ({ label }) => directed(element("div", "footnote", makeReference(`[${label}]`), element("div"))),
  img: makePicture,
  li: makeItem,
  math: ({ isDisplay }) => makeCode(isDisplay ? "formula" : ""),
  ol: ({ start }) => Object.assign(element("ol"), start !== 1 && { start }),
  pre: makeFence,
  ref: () => makeReference(),
  table: () => directed(scrollable(element("div", "", element("table")), "table.name")),
  td: () => directed(element("td")),
};
const INSIDES = { details: "div", footnote: "div", img: "span", li: "div", pre: "code", table: "table" };
const OWN = ["tag", "level", "href", "title", "start", "value", "checked", "label", "language", "align"];

/** Shows Markdown that grows in `target`: `render(text, isOver)` takes the whole text so far. */
export function createMarkdownRenderer(target) {
  let parse, settled, open; // the latter are what is drawn

  function clear() {
    [parse, settled, open] = [createParser(), [], []];
    target.classList.remove("as-text");
    target.replaceChildren();
  }

  function draw(text, isOver) {
    const isLess = target.childElementCount < settled.length + open.length;
    if (isLess || target.classList.contains("as-text")) clear();
    const read = parse(text, isOver);
    if (read.isReset) [settled] = [[], target.replaceChildren()];
    if (!isIntact(target, open)) {
      for (const { node } of open) node.remove();
      open = [];
    }
    open = fill(target, open, [...read.settled, ...read.open]);
    settled.push(...open.splice(0, read.settled.length));
    if (!isOver || ![...settled, ...open].some(isShort)) return;
    clear();
    draw(text, isOver);
  }

  /** Nothing that happens here keeps words from the reader, or the page from going on. */
  function render(text, isOver) {
    try {
      draw(text, isOver);
    } catch (error) {
      console.error(error);
      clear();
      target.classList.add("as-text");
      target.textContent = text;
    }
  }

  clear();
  return { render, clear };
}

// What is drawn: {part, node, inside, drawn}, `drawn` being what stands inside

/** Makes `drawn`, which is the end of `parent`, show `parts`; returns what is drawn then. */
function fill(parent, drawn, parts) {
  const now = parts.map((part, at) => redraw(parent, drawn[at], part));
  for (const { node } of drawn.slice(parts.length)) node.remove();
  return now;
}

function redraw(parent, before, part) {
  if (before?.part === part) return before;
  if (before && isAlike(before.part, part)) return update(before, part);
  const item = update(make(part, parent), part);
  if (before) before.node.replaceWith(item.node);
  else parent.append(item.node);
  return item;
}

/** Whether the node of one can become that of the other: both are strings, or differ in what is inside only. */
const isAlike = (one, other) => OWN.every((name) => one[name] === other[name]);

function update(item, part) {
  const { part: before, node, inside } = item;
  item.part = part;
  if (!part.tag) write(node, part, before);
  else if (part.text === undefined || part.text !== before.text) {
    if (!isIntact(inside, item.drawn)) [item.drawn] = [[], inside.replaceChildren()];
    item.drawn = fill(inside, item.drawn, partsOf(part));
  }
  if (part.tag === "ol") node.style.setProperty("--digits", digitsOf(part));
  return item;
}

function write(node, text, before) {
  if (text.startsWith(before)) node.appendData(text.slice(before.length));
  else node.data = text;
}

/** Whether all that was drawn still is what `parent` ends with. */
function isIntact(parent, drawn) {
  const isOurs = ({ node, part }) => node.parentNode === parent && (part.tag || node.data === part);
  return drawn.every(isOurs) && (!drawn.length || drawn.at(-1).node === parent.lastChild);
}

/** Whether something was taken away without anything in its place. */
const isShort = ({ inside, drawn }) => inside && (inside.childNodes.length < drawn.length || drawn.some(isShort));

// Nodes

function make(part, parent) {
  const { tag, align, title } = part;
  if (!tag) return { part: "", node: document.createTextNode("") };
  const node = MAKERS[tag]?.(part) ?? (/^h\d/.test(tag) ? makeHeading(part) : element(tag));
  if (align) node.dataset.align = align;
  if (title) node.title = title;
  if (/^(?:p|h\d)$/.test(tag) && !parent.closest("li, blockquote, .footnote")) directed(node);
  const inside = (tag in INSIDES && node.querySelector(INSIDES[tag])) || node;
  return { part: {}, node, inside, drawn: [] };
}

/** Its first letter tells where its lines begin. What has a direction of its own does not count for what it is in. */
const directed = (node) => Object.assign(node, { dir: "auto" });

/** In quotations, items and thoughts it is no part of the page's outline. */
function makeHeading({ tag, level }) {
  const node = element(level ? `h${Math.min(level, 6)}` : "p");
  node.dataset.size = tag[1];
  return node;
}

function makeLink({ href }) {
  return Object.assign(element("a"), { href, target: "_blank", rel: "noopener noreferrer" });
}

const makeReference = (text = "") => element("sup", "ref", text);

/** Neither translated nor turned around. */
function makeCode(className = "") {
  const node = Object.assign(element("code", className), { dir: "ltr" });
  node.setAttribute("translate", "no");
  return node;
}

function makeFence({ language }) {
  const code = makeCode();
  const button = iconButton("copy", "code.copy", () => copyBy(button, code.textContent, "code.copy"));
  const head = element("div", "code-head", element("span", "", language), button);
  return element("div", "code", head, scrollable(element("pre", "", code), "code.name"));
}

function makeItem({ value, checked }) {
  const node = directed(Object.assign(element("li"), value !== undefined && { value }));
  if (checked === undefined) return node;
  const box = Object.assign(element("input"), { type: "checkbox", defaultChecked: checked, disabled: true });
  node.append(label(box, checked ? "task.done" : "task.open"), element("div"));
  return Object.assign(node, { className: "task" });
}

/** How wide the numbers of a list get. */
function digitsOf({ start, children }) {
  let [number, largest] = [start - 1, start];
  for (const { value } of children) largest = Math.max(largest, (number = value ?? number + 1));
  return String(largest).length;
}

/** Nothing is loaded that the reader did not ask for. */
function makePicture(part) {
  const hint = say(element("small"), "picture.show");
  const link = makeLink(part);
  link.classList.add("picture");
  link.append(element("span"), " ", hint);
  link.onclick = (event) => {
    event.preventDefault();
    link.onclick = null; // from then on it is a link like others
    load(part.href, link, hint);
  };
  return link;
}

/** A link to a file of the app's, below an answer; a picture is shown by a tap. */
export function fileLink({ kind, name, url }) {
  const link = (kind === "image" ? makePicture : makeLink)({ href: url });
  if (kind === "image") link.firstChild.textContent = name;
  else link.textContent = name;
  if (kind === "document") link.download = name;
  return link;
}

function load(src, link, hint) {
  const image = Object.assign(element("img"), { alt: "", referrerPolicy: "no-referrer" });
  image.onload = () => hint.remove();
  image.onerror = () => {
    image.remove();
    say(hint, "picture.failed");
  };
  link.prepend(image);
  image.src = src;
}

function scrollable(node, key) {
  node.classList.add("scrollable");
  node.tabIndex = 0;
  node.setAttribute("role", "group");
  return label(node, key);
}
