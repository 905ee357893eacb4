// A promise that is not waited for without end. Pure.

/** As `promise`; rejects where that takes longer than so many milliseconds. */
export function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, ms, new Error("it took too long"))));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
