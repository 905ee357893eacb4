// Ends what nobody uses, with a word before.

const END_AFTER_MS = 30_000; // after the word

export function createIdleTimer({ warn, end }) {
  let timer;
  let wait = 0;

  /** After so many milliseconds there is the word; 0: it is used. To be called whenever that may have changed. */
  function update(ms) {
    if (ms === wait) return;
    wait = ms;
    clearTimeout(timer);
    if (ms) timer = setTimeout(warned, ms);
  }

  function warned() {
    timer = setTimeout(end, END_AFTER_MS);
    warn();
  }

  return { update };
}
