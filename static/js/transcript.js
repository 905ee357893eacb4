// The conversation on the page: questions, answers, suggestions and notices, in order.

import { createAnswer, suggestionsOf } from "./answer.js";
import { button, element } from "./elements.js";
import { clear, failureWords, label, say } from "./i18n.js";
import { followEnd } from "./scroll.js";

/** `actions`: those of createAnswer, and takeBack(turn) for a question that waits. */
export function createTranscript(log, below, actions) {
  const view = followEnd(log, below);
  const questions = new Map();
  const answers = new Map();
  let suggestions = null;

  function add(node) {
    log.append(node);
    view.keep();
    return node;
  }

  function question(turn) {
    suggest(null);
    const text = element("div", "text", turn.question); // as it was typed
    text.dir = "auto";
    const note = element("p", "note");
    const article = label(element("article", "message question", text, ...filesOf(turn), note), "you");
    article.dataset.state = "waiting";
    questions.set(turn.id, { article, note });
    add(article);
    view.toEnd();
  }

  /** Says of each question that waits what it waits for. */
  function waits(turn, key) {
    const { note } = questions.get(turn.id);
    if (note.dataset.key === key) return;
    note.dataset.key = key;
    note.replaceChildren(say(element("span"), key), button("take-back", () => actions.takeBack(turn), "plain"));
    view.keep();
  }

  function answer(turn) {
    const { article, note } = questions.get(turn.id);
    article.dataset.state = "sent";
    clear(note);
    const one = createAnswer(turn, { ...actions, drawn: view.keep });
    answers.set(turn.id, one);
    article.after(one.article); // before the questions that wait
    view.keep();
    return one;
  }

  function remove(turn) {
    questions.get(turn.id).article.remove();
    questions.delete(turn.id);
  }

  function empty() {
    for (const { article } of [...questions.values(), ...answers.values()]) article.remove();
    for (const notice of log.querySelectorAll(".notice")) notice.remove();
    questions.clear();
    answers.clear();
    suggest(null);
    view.toStart();
  }

  function suggest(texts, ask) {
    suggestions?.remove();
    suggestions = texts?.length ? add(suggestionsOf("suggestions", texts, ask)) : null;
  }

  /** Something to know that belongs to no answer; not twice in a row. */
  function notice(failure) {
    const node = say(element("p", "notice"), ...failureWords(failure));
    node.setAttribute("role", "alert");
    if (!log.lastElementChild?.matches(".notice") || log.lastElementChild.textContent !== node.textContent) add(node);
  }

  return { question, waits, answer, remove, empty, suggest, notice, answerOf: (turn) => answers.get(turn.id) };
}

function filesOf({ files }) {
  if (!files?.length) return [];
  return [label(element("ul", "files", ...files.map(({ name }) => element("li", "", name))), "files")];
}
