// Marks such as [2] in an answer that has sources: each a button that opens its source. No letter of the answer changes.

import { element } from "../elements.js";
import { label } from "../i18n.js";

const MARK = /\[(\d{1,2})\]/g;
const ELSEWHERE = "a, button, code, pre, .formula, .thought, .ref"; // where such a mark is something else

/** `citations` are Dify's retriever_resources: a mark counts where one has its number as its `position`. */
export function linkSources(article, citations) {
  const named = new Map(citations.map((citation) => [String(citation.position), citation]));
  const list = article.querySelector(".sources");
  if (!list || !named.size) return;
  for (const text of textsOf(article.querySelector(".text"))) {
    const marks = [...text.data.matchAll(MARK)].filter(([, number]) => named.has(number));
    if (marks.length) text.replaceWith(...pieces(text.data, marks, (number) => markOf(number, named.get(number), list)));
  }
}

function textsOf(root) {
  root.normalize(); // a bracket may have a node of its own
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(ELSEWHERE)) texts.push(walker.currentNode);
  return texts;
}

function pieces(text, marks, make) {
  let from = 0;
  const parts = marks.flatMap(({ 0: mark, 1: number, index }) => {
    const before = text.slice(from, index);
    from = index + mark.length;
    return [before, make(number)];
  });
  return [...parts, text.slice(from)].filter((part) => part !== "");
}

function markOf(number, { document_name: name = "" }, list) {
  const node = Object.assign(element("button", "mark", `[${number}]`), { type: "button", onclick: open });
  return label(node, "source", { number, name });

  function open() {
    list.open = true;
    const titles = [...list.querySelectorAll("cite")];
    const source = (titles.find(({ textContent }) => textContent === name) ?? titles[0]).closest("li");
    source.tabIndex = -1;
    source.focus();
    source.scrollIntoView({ block: "nearest" });
  }
}
