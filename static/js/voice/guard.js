// What draws or speaks must not end what goes on behind it.

/** The same functions; what one of them throws is logged, and told to `onThrow`. */
export function guarded(part, onThrow) {
  const safe =
    (action) =>
    (...args) => {
      try {
        return action(...args);
      } catch (error) {
        console.error(error);
        return onThrow?.();
      }
    };
  const entries = Object.entries(part);
  return Object.fromEntries(entries.map(([name, it]) => [name, typeof it === "function" ? safe(it) : it]));
}
