// The reference: copy buttons, search, where one is in the list at the side. Without it, all of the page is there.

const MAX_HITS = 30;
const SPAN = 60; // characters of a hit's text on either side
const COPIED_MS = 1_500;

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

// Copying

function addCopyButton(pre) {
  const button = element("button", { type: "button", className: "copy" }, "Copy");
  button.addEventListener("click", () => copy(pre, button));
  const frame = element("div", { className: "code" });
  pre.before(frame);
  frame.append(pre, button);
}

async function copy(pre, button) {
  button.textContent = (await write(pre)) ? "Copied" : "Selected: press Ctrl+C";
  setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
}

/** On a plain-http intranet there is no clipboard: then the text is selected. */
async function write(pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(pre);
    return false;
  }
}

// Search

/** What can be linked to: {id, title, text}, the smallest parts first. */
function parts() {
  const rows = [...document.querySelectorAll("main tr[id]")].map((row) => part(row, row.cells[0].textContent));
  const entries = [...document.querySelectorAll("main .entry[id]")].map((entry) => part(entry, titleOf(entry)));
  const heads = [...document.querySelectorAll("main h3[id]")].map((head) => ({ ...part(head, head.textContent), text: below(head) }));
  const sections = [...document.querySelectorAll("main > section")].map((section) => part(section, titleOf(section)));
  return [...rows, ...entries, ...heads, ...sections];
}

const part = (node, title) => ({ id: node.id, title, text: plain(node) });
const plain = (node) => node.textContent.replace(/\s+/g, " ").trim();
const titleOf = (node) => node.querySelector("h2, h3, h4").textContent;

/** The text between a heading and the next. */
function below(head) {
  const texts = [plain(head)];
  for (let next = head.nextElementSibling; next && !/^(H3|SECTION)$/.test(next.tagName); next = next.nextElementSibling)
    texts.push(plain(next));
  return texts.join(" ");
}

/** All words have to be there; those whose title has them come first, and the shorter of two. */
function search(all, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const has = (text) => words.every((word) => text.toLowerCase().includes(word));
  const found = all.filter(({ text }) => has(text));
  const [named, others] = [found.filter(({ title }) => has(title)), found.filter(({ title }) => !has(title))];
  return [...named, ...others].slice(0, MAX_HITS).map((hit) => ({ ...hit, excerpt: excerpt(hit.text, words[0]) }));
}

function excerpt(text, word) {
  const at = text.toLowerCase().indexOf(word);
  const from = Math.max(0, at - SPAN);
  return (from ? "…" : "") + text.slice(from, at + word.length + SPAN) + "…";
}

function addSearch(list) {
  const field = element("input", { type: "search", id: "search", placeholder: "Search  /", autocomplete: "off" });
  field.setAttribute("aria-label", "Search this page");
  const status = element("p", { id: "hits-count" });
  status.setAttribute("role", "status");
  const hits = element("ul", { id: "hits" });
  list.prepend(field, status, hits);
  let all;
  field.addEventListener("input", () => {
    const found = search((all ??= parts()), field.value);
    hits.replaceChildren(...found.map(asLink));
    status.textContent = field.value.trim() ? wordsOf(found.length) : "";
    list.classList.toggle("searching", Boolean(field.value.trim()));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, textarea")) return;
    event.preventDefault();
    field.focus();
  });
}

const wordsOf = (count) => (count ? `${count === MAX_HITS ? "The first " : ""}${count} found` : "Nothing found");

const asLink = ({ id, title, excerpt: words }) =>
  element("li", {}, element("a", { href: `#${id}` }, element("b", {}, title), " ", words));

// The list at the side

function follow(list) {
  const links = [...list.querySelectorAll("li a[href^='#']")];
  const targets = links.map((link) => document.getElementById(link.hash.slice(1)));
  const mark = () => {
    const passed = targets.filter((target) => target.getBoundingClientRect().top < innerHeight / 4);
    const here = passed.length ? links[targets.indexOf(last(passed))] : links[0];
    for (const link of links) link.removeAttribute("aria-current");
    here.setAttribute("aria-current", "true");
    keepInView(list, here);
  };
  let frame = 0;
  addEventListener("scroll", () => (frame ||= requestAnimationFrame(() => ((frame = 0), mark()))), { passive: true });
  mark();
}

/** The lowest on the page: sections have headings of the list in them. */
const last = (targets) =>
  targets.reduce((one, other) => (other.getBoundingClientRect().top >= one.getBoundingClientRect().top ? other : one));

function keepInView(list, link) {
  const [outer, inner] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) list.scrollTop += inner.top - outer.top - outer.height / 3;
}

// Tables on a phone: a row is a block, whose cells say their column

function labelCells(table) {
  const heads = [...table.tHead.rows[0].cells].map(({ textContent }) => textContent);
  for (const row of table.tBodies[0].rows) {
    [...row.cells].forEach((cell, column) => column && cell.textContent.trim() && (cell.dataset.label = heads[column]));
  }
}

function addAnchor(node) {
  const head = /^H\d$/.test(node.tagName) ? node : node.querySelector("h2, h4");
  const link = element("a", { href: `#${node.id}`, className: "anchor" }, "#");
  link.setAttribute("aria-label", `Link to ${head.textContent}`);
  head.append(" ", link);
}

const contents = document.getElementById("contents");
follow(contents);
addSearch(contents);
document.querySelectorAll("main table").forEach(labelCells);
document.querySelectorAll("main pre").forEach(addCopyButton);
document.querySelectorAll("main > section, main .entry, main h3[id]").forEach(addAnchor);
