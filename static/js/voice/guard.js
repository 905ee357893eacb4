// What draws or speaks must not end what goes on behind it.

/** The same functions; one that throws says so in the log, and returns false. */
export function guarded(part) {
  const safe =
    (action) =>
    (...args) => {
      try {
        return action(...args);
      } catch (error) {
        console.error(error);
        return false;
      }
    };
  const entries = Object.entries(part);
  return Object.fromEntries(entries.map(([name, it]) => [name, typeof it === "function" ? safe(it) : it]));
}
