// One answer on the page: its text as it grows, what the assistant is doing, and what stands below it.

import { button, copyBy, element, iconButton } from "./elements.js";
import { withoutPlaces } from "./fields.js";
import { clear, failureWords, label, language, say, t } from "./i18n.js";
import { blocksOf } from "./markdown-parser.js";
import { unlinked, withLinks } from "./made-files.js";
import { createMarkdownRenderer, fileLink } from "./markdown-renderer.js";
import { createPause } from "./paused-answer.js";
import { plainTextOf } from "./plain-text.js";
import { toStartOf } from "./scroll.js";

const LOOK_UPS = ["knowledge-retrieval", "http-request", "tool"];
const QUIET_STEPS = ["start", "end", "answer", "llm", "if-else", "variable-aggregator", "assigner"];
const EXCERPT_LENGTH = 300;
export const isDebug = "debug" in document.getElementById("log").dataset || /[?&]debug\b/.test(location.search);

/** What is to be shown, said and copied: words that were made up by a mock which stands in are nobody's answer. */
export const wordsOf = (turn) => (turn.isStandIn ? t("stand-in") : withLinks(turn.text, turn.made));

const plainWordsOf = (turn) => plainTextOf(blocksOf(wordsOf(turn)));

/** `actions`: ask(question, files); rate(turn, rating), a promise of whether it was taken; and those of createPause. */
export function createAnswer(turn, actions) {
  const text = Object.assign(element("div", "text prose"), { dir: "auto" });
  const doing = element("p", "doing");
  const files = label(element("ul", "files"), "files");
  const note = element("p", "note");
  const buttons = element("div", "buttons", element("span", "voice"));
  const detail = element("p", "detail");
  const foot = element("div", "foot", buttons, detail);
  const article = label(element("article", "message answer", text, doing, files, note, foot), "answer");
  Object.assign(article.dataset, { id: turn.id, state: "streaming" });
  const markdown = createMarkdownRenderer(text);
  let frame = 0;
  let isReplaced = false;
  let pause = null;

  /** All at once: what only becomes shorter for a moment must not move the page. */
  function draw() {
    frame = 0;
    if (isReplaced) {
      markdown.clear();
      listFiles();
    }
    isReplaced = false;
    if (turn.soughtAt) say(doing, "seeking");
    else clear(doing);
    if (turn.isStandIn) say(text, "stand-in");
    else markdown.render(wordsOf(turn), turn.status !== "asked");
  }

  /** Draws once a frame, however often text comes. */
  function grow(replaced = false) {
    isReplaced ||= replaced;
    frame ||= requestAnimationFrame(draw);
  }

  /** A quiet line about what a tool or a step does, until the next one or a word. */
  function showStep(event) {
    const words = stepWords(event);
    if (!words || turn.text) return;
    say(doing, ...words);
  }

  function finish() {
    cancelAnimationFrame(frame);
    article.dataset.state = turn.status;
    draw(); // before all that may fail
    note.replaceChildren(...spansOf(notesOf(turn)));
    if (turn.status === "paused") note.before((pause = createPause(turn, actions)).node);
    if (turn.citations?.length) note.after(sourcesOf(turn.citations));
    if (turn.isStandIn) note.after(madeUp(turn));
    showButtons();
    detail.replaceChildren(timeOf(turn), element("code", "", turn.id.slice(0, 8)), ...spansOf(factsOf(turn)));
    if (turn.form) toStartOf(article);
  }

  function showButtons() {
    const copies = iconButton("copy", "copy", () => copyBy(copies, plainWordsOf(turn)));
    copies.dataset.control = "copy";
    if (turn.text) buttons.prepend(copies, ...ratingsOf(turn, actions.rate));
    const again = againOf(turn, actions);
    if (again) buttons.append(again);
  }

  /** Those that have no place in the text. */
  function listFiles() {
    files.replaceChildren(...unlinked(turn.made).map((file) => element("li", "", fileLink(file))));
    files.hidden = !files.firstChild;
  }

  /** What a screen reader hears when it is over: how it ended, and all of its words. */
  function announcement() {
    const { status, failure, isStandIn } = turn;
    if (isStandIn) return wordsOf(turn);
    const form = turn.form ? plainTextOf(blocksOf(withoutPlaces(turn.form.content))) : "";
    const text = failure ? t(...failureWords(failure)) : `${plainWordsOf(turn)} ${form}`.trim();
    return t(`progress.${status}`, { text });
  }

  const paused = {
    update: (isOther) => pause?.update(isOther),
    choices: () => pause?.choices() ?? [],
    choose: (action) => pause.press(action),
  };

  listFiles();
  if (turn.status !== "asked") finish();
  else if (turn.text) grow();
  return { article, grow, showStep, finish, announcement, ...paused };
}

const spansOf = (lines) => lines.filter(Boolean).map((words) => say(element("span"), ...words));

/** Returns [key, values], or null for a step that nobody needs to hear of. */
function stepWords({ event, kind, name }) {
  if (event === "thought_started") return ["doing.thought"];
  if (!["tool_started", "node_started"].includes(event)) return null;
  const isLookUp = event === "tool_started" || LOOK_UPS.includes(kind);
  if (isLookUp) return [name ? "doing.lookup" : "doing.lookup-any", { name }];
  return name && !QUIET_STEPS.includes(kind) ? ["doing.step", { name }] : null;
}

function notesOf({ status, source, reason, text, lost, failure, isStandIn, made }) {
  if (isStandIn) return [];
  const why = failureWords(failure ?? { reason });
  const isNews = failure || !["failed", "reason.broken_off"].includes(why[0]);
  return [
    source === "mock" && ["status.mock"],
    status === "done" && !text && !made?.length && ["status.empty"],
    status === "stopped" && ["status.stopped"],
    status === "incomplete" && [lost ? "status.lost" : "status.incomplete"],
    isNews && why,
  ];
}

function againOf(turn, { ask, look }) {
  const isGood = turn.status === "done" && !turn.isStandIn;
  const repeat = () => ask(turn.question, turn.files);
  if (turn.status === "paused" || (isGood && turn.follows)) return null;
  if (isGood) return Object.assign(iconButton("again", "again", repeat), { className: "icon again" });
  return turn.follows ? button("look", () => look(turn), "again") : button("again", repeat, "again");
}

function ratingsOf(turn, rate) {
  if (!turn.message_id) return [];
  const ratings = ["like", "dislike"];
  const nodes = ratings.map((rating) => iconButton(rating, rating, () => press(rating)));
  const show = () => nodes.forEach((node, at) => node.setAttribute("aria-pressed", turn.rating === ratings[at]));
  for (const node of nodes) node.dataset.control = "rate";
  const press = async (rating) => {
    const before = turn.rating ?? null;
    turn.rating = before === rating ? null : rating; // at once; taken back where the service does not take it
    show();
    if (!(await rate(turn, turn.rating))) turn.rating = before;
    show();
  };
  show();
  return nodes;
}

const clocks = new Map(); // each takes as long to make as an answer to draw

function clockOf(lang) {
  if (!clocks.has(lang)) clocks.set(lang, new Intl.DateTimeFormat(lang, { timeStyle: "short" }));
  return clocks.get(lang);
}

function timeOf({ at }) {
  const time = element("time", "", clockOf(language()).format(at));
  time.dateTime = new Date(at).toISOString();
  return time;
}

function factsOf({ wordAfter, usage }) {
  if (!isDebug) return [];
  return [
    wordAfter >= 0 && ["first-word", { seconds: (wordAfter / 1000).toFixed(1) }],
    usage?.total_tokens > 0 && ["tokens", { count: usage.total_tokens }],
  ];
}

/** What a mock wrote in place of an answer: for developers. */
function madeUp({ reason, text }) {
  return element("details", "thought", say(element("summary"), "made-up"), element("p", "", `${reason}: ${text}`));
}

/** Dify, api-reference: retriever_resources. Several parts of one document are one source. */
function sourcesOf(citations) {
  const items = new Map();
  for (const { document_name: name, dataset_name: dataset, content } of citations) {
    const title = String(name ?? dataset ?? "");
    const item = items.get(title) ?? element("li", "", element("cite", "", title));
    if (content) item.append(element("blockquote", "", excerptOf(String(content))));
    items.set(title, item);
  }
  const summary = say(element("summary"), "sources", { count: items.size });
  return element("details", "sources", summary, element("ol", "", ...items.values()));
}

const excerptOf = (text) => (text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text);
