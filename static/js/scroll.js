// Keeps the end in view while the reader is near it, and leaves a reader who scrolled up alone.

const NEAR_END_PX = 80;

/** `below` is a button that is shown while there is new text that the reader does not see. */
export function followEnd(log, below) {
  let isFollowing = true;

  /** To be called when text was added. */
  function keep() {
    if (isFollowing) log.scrollTop = log.scrollHeight;
    else below.hidden = false;
  }

  function toEnd() {
    isFollowing = true;
    below.hidden = true;
    keep();
  }

  function look() {
    isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    if (isFollowing) below.hidden = true;
  }

  log.addEventListener("scroll", look, { passive: true });
  below.addEventListener("click", () => {
    log.focus({ preventScroll: true }); // the button goes away
    toEnd();
  });
  new ResizeObserver(() => isFollowing && keep()).observe(log);
  return { keep, toEnd };
}
