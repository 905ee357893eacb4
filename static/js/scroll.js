// Keeps the end of the conversation in view, until the reader moves up and as soon as the reader is back at the end.

const END_PX = 1; // browsers round heights, and not where one is scrolled to
const NEAR_PX = 64; // the way to the end would lie over as much
const TREMOR_PX = 0.5; // what is less was nobody

const log = document.getElementById("log");
const talk = log.firstElementChild;
const welcome = talk.firstElementChild;
const below = document.getElementById("below");
const edge = below.parentNode; // shown while the end is out of sight
const UP_KEYS = ["ArrowUp", "PageUp", "Home"];
let isFollowing = false;
let isDrawing = false; // more than one question or answer at once
let last = { top: 0, end: 0 }; // where it was scrolled to, and how far it could be
let fingerAt; // pixels from the top of the page

/** Some browsers show where one is beyond the end, as far as a finger pulls. */
function look() {
  const end = log.scrollHeight - log.clientHeight;
  return { top: Math.min(log.scrollTop, end), end };
}

const isAtEnd = ({ top, end }) => end - top <= END_PX;

/** The browser's own anchoring is for who reads back: where the end is kept, it would look like the reader's move. */
function follow(isWanted) {
  isFollowing = isWanted;
  log.style.overflowAnchor = isWanted ? "none" : "";
}

/** Something moved: the reader, or the layout, which takes the reader along where the text became shorter. */
function update() {
  const now = look();
  const isShorter = now.end < last.end && isAtEnd(now);
  if (now.top < last.top - TREMOR_PX) follow(isFollowing && isShorter);
  else if (now.top > last.top && isAtEnd(now)) follow(true);
  if (isFollowing) log.scrollTop = now.end;
  last = look();
  edge.hidden = last.end - last.top <= NEAR_PX || !welcome.hidden || hasSuggestionsInSight();
}

/** What there is to see next is seen: nothing may lie over it. */
function hasSuggestionsInSight() {
  const { lastElementChild: node } = talk;
  return node.matches(".suggestions") && node.getBoundingClientRect().top < log.getBoundingClientRect().bottom;
}

/**
 * A hand that moves up is heeded before the browser has moved anything: where Firefox and WebKit are told meanwhile
 * where to scroll to, they forget the hand.
 */
function movesUp() {
  if (log.scrollTop > 0) follow(false);
}

function feel({ type, touches: [{ clientY }] }) {
  if (type === "touchmove" && clientY > fingerAt) movesUp();
  fingerAt = clientY;
}

/** What `draw` adds is laid out once: each look at where one is would lay out all that there is by then. */
export function toEndAfter(draw) {
  isDrawing = true;
  try {
    draw();
  } finally {
    isDrawing = false;
    toEnd();
  }
}

export function toEnd() {
  if (isDrawing) return;
  const { scrollHeight } = document.documentElement;
  if (scrollHeight > innerHeight) scrollTo(0, 0); // a page that scrolls as a whole, on a short screen
  follow(true);
  update();
}

/** What comes below an answer is shown as far as its beginning stays in sight; if that is gone, in half the window. */
export function addBelow(node) {
  const { lastElementChild: above } = talk;
  if (isFollowing) update();
  talk.append(node);
  if (!isFollowing) return;
  const room = above.getBoundingClientRect().top - log.getBoundingClientRect().top;
  log.scrollTop += room < 0 ? log.clientHeight / 2 : room;
  follow(isAtEnd(look()));
  update();
}

/** What is taller than the window is read from its beginning on: the reader who follows is led there. */
export function toStartOf(node) {
  if (isDrawing || !isFollowing || node.offsetHeight <= log.clientHeight) return;
  follow(false);
  log.scrollTop += node.getBoundingClientRect().top - log.getBoundingClientRect().top;
  update();
}

export function toStart() {
  follow(false);
  log.scrollTop = 0;
}

const on = (type, listener) => log.addEventListener(type, listener, { passive: true });

on("scroll", update);
on("wheel", ({ deltaY, ctrlKey }) => deltaY < 0 && !ctrlKey && movesUp());
on("touchstart", feel);
on("touchmove", feel);
on("keydown", ({ key, shiftKey }) => (UP_KEYS.includes(key) || (key === " " && shiftKey)) && movesUp());
on("pointerdown", ({ target, offsetX }) => target === log && offsetX >= log.clientWidth && movesUp()); // the scroll bar
below.onclick = () => {
  log.focus({ preventScroll: true }); // the button goes away
  toEnd();
};
const layout = new ResizeObserver(update);
for (const node of [log, talk]) layout.observe(node);
