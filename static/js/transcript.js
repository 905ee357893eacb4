// The conversation on the page: questions, answers that grow, and notices.

import { parse, render } from "./markdown.js";

const NEAR_END_PX = 80;

/** The part of `content` (which starts at `offset`) that a text of `count` characters lacks; both in code points. */
export function unseen(count, offset, content) {
  return offset < count ? [...content].slice(count - offset).join("") : content;
}

export function createTranscript(log) {
  const view = followEnd(log);

  function add(node) {
    log.querySelector("#welcome")?.remove();
    log.append(node);
    view.keep();
    return node;
  }

  /** `text` is shown as it was typed. */
  function question(text) {
    const { article, body, note } = message("question", "pending", "Question");
    body.textContent = text;
    note.textContent = "waiting for the connection";
    add(article);
    view.toEnd();
    const sent = () => {
      article.dataset.state = "sent";
      note.textContent = "";
    };
    return { sent, remove: () => article.remove() };
  }

  function answer() {
    const { article, body, note, detail } = message("answer", "streaming", "Answer");
    const markdown = growingMarkdown(body, view.keep);
    add(article);

    /** `state`: done, stopped, incomplete or failed. `again`, if given, is what a button "Ask again" does. */
    function finish(state, words, details, again) {
      markdown.flush();
      article.dataset.state = state;
      note.textContent = words;
      detail.textContent = details;
      if (again) article.append(button("Ask again", again));
      view.keep();
    }
    return { append: markdown.append, replace: markdown.replace, finish };
  }

  function notice(text) {
    if (log.lastElementChild?.matches(".notice") && log.lastElementChild.textContent === text) return;
    const node = add(element("p", "notice"));
    node.setAttribute("role", "alert");
    node.textContent = text;
    view.keep();
  }

  return { question, answer, notice };
}

/** Keeps the end in view while the reader is near it, and leaves a reader who scrolled up alone. */
function followEnd(log) {
  let following = true;
  const keep = () => {
    if (following) log.scrollTop = log.scrollHeight;
  };
  const toEnd = () => {
    following = true;
    keep();
  };
  const look = () => {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
  };
  log.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(keep).observe(log);
  return { keep, toEnd };
}

/**
 * Markdown that is appended to: drawn once a frame, and only its last two blocks, since text that comes later cannot
 * change those before.
 */
function growingMarkdown(target, afterDraw) {
  let text = "";
  let count = 0; // code points in text
  let settled = 0; // where the blocks that may still change begin, in text
  let settledNodes = 0;
  let frame = 0;

  function draw() {
    frame = 0;
    while (target.childNodes.length > settledNodes) target.lastChild.remove();
    const blocks = parse(text.slice(settled));
    for (const block of blocks) target.append(render(block));
    const settling = Math.max(0, blocks.length - 2);
    if (settling) settled += blocks[settling].offset;
    settledNodes += settling;
    afterDraw();
  }

  function append(offset, content) {
    const added = unseen(count, offset ?? count, content);
    text += added;
    count += [...added].length;
    frame ||= requestAnimationFrame(draw);
  }

  function replace(content) {
    if (content === text) return;
    [text, count, settled, settledNodes] = ["", 0, 0, 0];
    append(0, content);
  }

  function flush() {
    cancelAnimationFrame(frame);
    draw();
  }

  return { append, replace, flush };
}

function message(kind, state, label) {
  const article = element("article", `message ${kind}`);
  article.dataset.state = state;
  article.setAttribute("aria-label", label);
  const body = element("div", "text");
  body.dir = "auto";
  const foot = element("p", "foot");
  const note = element("span", "note");
  const detail = element("span", "detail");
  foot.append(note, detail);
  article.append(body, foot);
  return { article, body, note, detail };
}

function button(label, action) {
  const node = element("button", "again");
  node.type = "button";
  node.textContent = label;
  node.addEventListener("click", action);
  return node;
}

function element(tag, className) {
  const node = document.createElement(tag);
  node.className = className;
  return node;
}
