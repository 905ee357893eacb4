// The conversation on the page: questions, answers, suggestions and notices, in order.

import { createAnswer } from "./answer.js";
import { button, element, suggestionsOf } from "./elements.js";
import { clear, failureWords, label, say } from "./i18n.js";
import { followEnd } from "./scroll.js";

/** In `log`, after the welcome that stays. `actions`: those of createAnswer, and takeBack(turn) for one that waits. */
export function createTranscript(log, below, actions) {
  const welcome = log.firstElementChild;
  const view = followEnd(log, below);
  const questions = new WeakMap(); // each turn's article
  const answers = new WeakMap();
  let suggestions;

  function add(node) {
    log.append(node);
    view.keep();
    return node;
  }

  function question(turn) {
    suggestions?.remove();
    const text = Object.assign(element("div", "text", turn.question), { dir: "auto" }); // as it was typed
    const takeBack = button("take-back", () => actions.takeBack(turn), "plain");
    const note = element("p", "note", say(element("span"), "waiting.turn"), takeBack);
    const article = label(element("article", "message question", text, ...filesOf(turn), note), "you");
    article.dataset.state = "waiting";
    questions.set(turn, article);
    add(article);
    view.toEnd();
  }

  /** Says of a question what it waits for. */
  function waits(turn, key) {
    say(questions.get(turn).lastChild.firstChild, key);
  }

  function answer(turn) {
    const article = questions.get(turn);
    article.dataset.state = "sent";
    clear(article.lastChild);
    const own = createAnswer(turn, { ...actions, drawn: view.keep });
    answers.set(turn, own);
    article.after(own.article); // before the questions that wait
    view.keep();
  }

  function empty() {
    log.replaceChildren(welcome);
    view.toStart();
  }

  function suggest(texts, ask) {
    suggestions = add(suggestionsOf("suggestions", texts, ask));
  }

  /** Something to know that belongs to no answer; not twice in a row. */
  function notice(failure) {
    const node = Object.assign(say(element("p", "notice"), ...failureWords(failure)), { role: "alert" });
    if (!log.lastChild.isEqualNode(node)) add(node);
  }

  return {
    question,
    waits,
    answer,
    empty,
    suggest,
    notice,
    answerOf: (turn) => answers.get(turn),
    remove: (turn) => questions.get(turn).remove(),
  };
}

function filesOf({ files }) {
  if (!files.length) return [];
  return [label(element("ul", "files", ...files.map(({ name }) => element("li", "", name))), "files")];
}
