// Ends what nobody uses, with a word before.

const WARN_AFTER_MS = 150_000;
const END_AFTER_MS = 30_000; // after that

/** `update(isIdle)` is to be called whenever that may have changed, also with the same. */
export function createIdleTimer({ warn, end }) {
  let timer;

  function update(isIdle) {
    if (isIdle) timer ??= setTimeout(warned, WARN_AFTER_MS);
    else timer = clearTimeout(timer);
  }

  function warned() {
    timer = setTimeout(end, END_AFTER_MS);
    warn();
  }

  return { update };
}
