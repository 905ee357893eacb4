// Keeps the end of the conversation in view while the reader is near it, and leaves a reader who scrolled up alone.

const NEAR_END_PX = 80;

const log = document.getElementById("log");
const below = document.getElementById("below"); // shown while there is new text that the reader does not see
let isFollowing = false;
let lastTop = 0; // where it was scrolled to from here

const isNearEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;

/** To be called when text was added. A reader may have scrolled since, and the event of that be still to come. */
export function keepEnd() {
  if (log.scrollTop < lastTop) isFollowing = false;
  if (isFollowing) toEnd();
  else below.hidden = isNearEnd();
}

function go(top, isToFollow) {
  isFollowing = isToFollow;
  below.hidden = true;
  log.scrollTop = top;
  lastTop = log.scrollTop;
}

export const toEnd = () => go(log.scrollHeight, true);
export const toStart = () => go(0, false);

function look() {
  lastTop = log.scrollTop;
  isFollowing = isNearEnd();
  if (isFollowing) below.hidden = true;
}

log.addEventListener("scroll", look, { passive: true });
below.onclick = () => {
  log.focus({ preventScroll: true }); // the button goes away
  toEnd();
};
new ResizeObserver(() => isFollowing && toEnd()).observe(log);
