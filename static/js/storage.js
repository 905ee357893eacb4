// What this tab remembers across a reload, until it is closed. Where storage is blocked, nothing.

const LONGEST_TALK = 1_000_000; // characters; browsers give a page some five million

/** Services under other paths of the same host have a store of their own. */
const key = (name) => `dify-live:${new URL(".", location).pathname.slice(1)}${name}`;

export function load(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(key(name))) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Addresses of pictures that this page holds, which end with it. */
const withoutPreviews = (name, value) => (name === "preview" ? undefined : value);

/** Says whether it could be kept. */
export function save(name, value) {
  try {
    sessionStorage.setItem(key(name), JSON.stringify(value, withoutPreviews));
    return true;
  } catch {
    return false;
  }
}

/** The `store` of turn-queue.js. Keeps the latest; the oldest go first where they are too long, or for this browser. */
export const turnStore = { load: () => load("turns", []), save: saveTurns };

function saveTurns(turns) {
  const kept = turns.slice();
  let length = kept.reduce((sum, { text }) => sum + text.length, 0);
  while (kept.length > 1 && length > LONGEST_TALK) length -= kept.shift().text.length;
  while (!save("turns", kept) && kept.length) kept.shift();
}
