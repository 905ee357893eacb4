// What this tab remembers across a reload, until it is closed, and what was chosen in this browser. Where storage is
// blocked, nothing.

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

/** What a person chose, a string or null: on a screen for many people theirs, else what was chosen on this device. */
export function chosen(name) {
  try {
    return sessionStorage.getItem(name) ?? localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Where many people come, it ends with the one who is here, and no other screen of this browser is told. */
export function choose(name, value) {
  try {
    ("kiosk" in document.documentElement.dataset ? sessionStorage : localStorage).setItem(name, value);
  } catch {}
}

/** The `store` of turn-queue.js. Keeps the latest; the oldest go first where they are too long, or for this browser. */
export const turnStore = { load: () => load("turns", []), save: saveTurns };

function saveTurns(turns) {
  const kept = turns.slice();
  let length = kept.reduce((sum, { text }) => sum + text.length, 0);
  while (kept.length > 1 && length > LONGEST_TALK) length -= kept.shift().text.length;
  while (!save("turns", kept) && kept.length) kept.shift();
}
