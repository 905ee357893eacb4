// The conversation on the page: questions, answers, suggestions and notices, in order.

import { createAnswer } from "./answer.js";
import { button, element, suggestionsOf, thumbnail } from "./elements.js";
import { withErrorBoundary } from "./error-boundary.js";
import { clear, failureWords, label, say } from "./i18n.js";
import { addBelow, toEnd, toEndAfter, toStart } from "./scroll.js";

const talk = document.getElementById("talk");
const welcome = talk.firstElementChild; // stays
const questions = new WeakMap(); // each turn's article
const answers = new WeakMap();
const NOTHING = { grow() {}, showStep() {}, finish() {}, update() {} };
const UNDRAWN = { ...NOTHING, announcement: () => "", choices: () => [] };
let suggestions;

/** `takeBack()` is offered as long as it waits. */
export function question(turn, takeBack) {
  suggestions?.remove();
  const text = Object.assign(element("div", "text", turn.question), { dir: "auto" });
  const note = element("p", "note", say(element("span"), "waiting.turn"), button("take-back", takeBack, "plain"));
  const article = label(element("article", "message question", text, ...filesOf(turn), note), "you");
  article.dataset.state = "waiting";
  questions.set(turn, article);
  talk.append(article);
  toEnd();
}

function filesOf({ files }) {
  if (!files.length) return [];
  return [label(element("ul", "files", ...files.map(fileOf)), "files")];
}

const fileOf = ({ name, preview }) => element("li", "", ...(preview ? [thumbnail(preview)] : []), name);

/** Says of a question what it waits for. */
export function waits(turn, key) {
  const asked = questions.get(turn);
  if (asked) say(asked.lastChild.firstChild, key);
}

export function remove(turn) {
  questions.get(turn)?.remove();
}

/** `actions` are those of createAnswer. */
export function answer(turn, actions) {
  const { article, ...own } = createAnswer(turn, actions);
  answers.set(turn, withErrorBoundary(own));
  const asked = questions.get(turn); // there is none where an answer goes on after a pause
  if (asked?.isConnected) asked.after(article); // before the questions that wait
  else talk.insertBefore(article, talk.querySelector(".question[data-state=waiting]"));
  if (!asked) {
    suggestions?.remove();
    return toEnd();
  }
  asked.dataset.state = "sent";
  clear(asked.lastChild);
}

/** What was said before: `draw(turn)` adds the question and the answer of each. */
export function restore(turns, draw) {
  if (turns.length) toEndAfter(() => turns.forEach(draw));
}

export const answerOf = (turn) => answers.get(turn) ?? UNDRAWN;

/** Returns what was there, for `putBack`. */
export function empty() {
  const nodes = Array.from(talk.childNodes);
  talk.replaceChildren(welcome);
  toStart();
  return nodes;
}

export function putBack(nodes) {
  talk.replaceChildren(...nodes);
  toEnd();
}

export function suggest(texts, ask) {
  suggestions = suggestionsOf("suggestions", texts, ask);
  addBelow(suggestions);
}

/** Something to know that belongs to no answer; not twice in a row. */
export function notice(failure) {
  const node = say(element("p", "notice"), ...failureWords(failure));
  node.setAttribute("role", "alert");
  if (!talk.lastChild.isEqualNode(node)) talk.append(node);
}

// Sources are unfolded on paper; thoughts are no part of an answer.
let unfolded = [];
function fold(isOpen) {
  for (const node of unfolded) node.open = isOpen;
}
addEventListener("beforeprint", () => {
  unfolded = talk.querySelectorAll(".sources:not([open])");
  fold(true);
});
addEventListener("afterprint", () => fold(false));
