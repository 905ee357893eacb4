// One answer on the page: its text as it grows, what the assistant is doing, and what stands below it.

import { button, copyBy, element, iconButton } from "./elements.js";
import { clear, failureWords, label, language, say, t } from "./i18n.js";
import { growingMarkdown } from "./nodes.js";

const LOOK_UPS = new Set(["knowledge-retrieval", "http-request", "tool"]);
const QUIET_STEPS = new Set(["start", "end", "answer", "llm", "if-else", "variable-aggregator", "assigner"]);
const EXCERPT_LENGTH = 300;

/**
 * `actions` are again(turn), rate(turn, rating) (a promise; null takes a rating back), and drawn(), told after each change.
 * `turn` is as in asker.js.
 */
export function createAnswer(turn, actions) {
  const text = element("div", "text prose");
  text.dir = "auto";
  const doing = element("p", "doing");
  const note = element("p", "note");
  const buttons = element("div", "buttons", element("span", "voice"));
  const detail = element("p", "detail");
  const foot = element("div", "foot", buttons, detail);
  const article = label(element("article", "message answer", text, doing, note, foot), "answer");
  article.dataset.id = turn.id;
  article.dataset.state = "streaming";

  const markdown = growingMarkdown(text);
  let frame = 0;

  function draw() {
    frame = 0;
    markdown.show(turn.text);
    actions.drawn();
  }

  /** Draws once a frame, however often text comes. */
  function grow(isReplaced = false) {
    if (isReplaced) markdown.clear();
    clear(doing);
    frame ||= requestAnimationFrame(draw);
  }

  /** A quiet line about what a tool or a step of a flow does, until the next one or a word of the answer. */
  function showStep(event) {
    const words = stepWords(event);
    if (words) say(doing, ...words);
    actions.drawn();
  }

  function finish() {
    cancelAnimationFrame(frame);
    markdown.show(turn.text);
    clear(doing);
    article.dataset.state = turn.status;
    showNotes(note, turn);
    if (turn.citations?.length) note.after(sourcesOf(turn.citations));
    showButtons();
    detail.replaceChildren(...detailsOf(turn));
    actions.drawn();
  }

  function showButtons() {
    const copies = iconButton("copy", "copy", () => copyBy(copies, turn.text));
    if (turn.text) buttons.prepend(copies, ...ratingsOf(turn, actions.rate));
    if (turn.status !== "done") buttons.append(button("again", () => actions.again(turn), "again"));
  }

  return { article, grow, showStep, finish, words: () => text.innerText.trim() };
}

/** Returns [key, values], or null for a step that nobody needs to hear of. */
function stepWords({ event = "", kind = "", name }) {
  if (!event.endsWith("_started")) return null;
  if (event.startsWith("thought")) return ["doing.thought"];
  if (event.startsWith("tool") || LOOK_UPS.has(kind)) return name ? ["doing.lookup", { name }] : ["doing.lookup-any"];
  return event.startsWith("node") && name && !QUIET_STEPS.has(kind) ? ["doing.step", { name }] : null;
}

function showNotes(note, { status, source, reason, text, lost, failure }) {
  const words = [
    source === "mock" && ["status.mock"],
    status === "done" && !text && ["status.empty"],
    status === "stopped" && ["status.stopped"],
    status === "incomplete" && [lost ? "status.lost" : "status.incomplete"],
    failure && failureWords(failure),
    !failure && reason && reason !== "client_stopped" && furtherWords(reason),
  ].filter(Boolean);
  note.replaceChildren(...words.map((each) => say(element("span"), ...each)));
}

/** Unless all they say is that it broke off. */
function furtherWords(reason) {
  const words = failureWords({ reason });
  return words[0] !== "reason.broken_off" && words;
}

function ratingsOf(turn, rate) {
  if (!turn.message_id) return [];
  const ratings = ["like", "dislike"];
  const show = () => nodes.forEach((node, at) => node.setAttribute("aria-pressed", turn.rating === ratings[at]));
  const press = async (rating) => {
    const before = turn.rating ?? null;
    turn.rating = before === rating ? null : rating; // at once; taken back where the service does not take it
    show();
    if (!(await rate(turn, turn.rating))) turn.rating = before;
    show();
  };
  const nodes = ratings.map((rating) => iconButton(rating, rating, () => press(rating)));
  show();
  return nodes;
}

function detailsOf({ at, wordAfter, usage }) {
  const time = element("time", "", new Intl.DateTimeFormat(language(), { timeStyle: "short" }).format(at));
  time.dateTime = new Date(at).toISOString();
  const facts = [
    wordAfter >= 0 && ["first-word", { seconds: (wordAfter / 1000).toFixed(1) }],
    usage?.total_tokens > 0 && ["tokens", { count: usage.total_tokens }],
  ].filter(Boolean);
  return [time, ...facts.map((fact) => say(element("span"), ...fact))];
}

/** Dify, api-reference: retriever_resources. Several parts of one document are one source. */
function sourcesOf(citations) {
  const documents = new Map();
  for (const { document_name: name, dataset_name: dataset, content = "" } of citations) {
    const title = String(name ?? dataset ?? "");
    documents.set(title, [...(documents.get(title) ?? []), String(content)]);
  }
  const items = [...documents].map(([title, parts]) => {
    const excerpts = parts.filter(Boolean).map((part) => element("blockquote", "", excerptOf(part)));
    return element("li", "", element("cite", "", title), ...excerpts);
  });
  const summary = say(element("summary"), "sources", { count: documents.size });
  return element("details", "sources", summary, element("ol", "", ...items));
}

const excerptOf = (text) => (text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text);

/** Buttons that each ask one question; `key` names them all. */
export function suggestionsOf(key, questions, ask) {
  const chips = questions.map((question) => {
    const node = element("button", "chip", question);
    node.type = "button";
    node.addEventListener("click", () => ask(question));
    return node;
  });
  const group = element("div", "suggestions", say(element("p"), key), ...chips);
  group.setAttribute("role", "group");
  return label(group, key);
}

/** What a screen reader hears when an answer is over: how it ended, and all of its words, once. */
export function announcement({ status, failure }, words) {
  return t(`progress.${status}`, { text: failure ? t(...failureWords(failure)) : words });
}
