// What this browser keeps of a person, and what was chosen here before anybody came.

const KEPT = "kiosk:choices";

const isOurs = (name) => name === "voice" || name.startsWith("dify-live:");
const choices = () => Object.fromEntries(Object.entries(localStorage).filter(([name]) => isOurs(name)));

/** Nothing is kept where storage is blocked. */
const attempt = (act) => {
  try {
    act();
  } catch {}
};

/** Before somebody comes: language, colours and voice as they are now are those of the next one, too. */
export const keepChoices = () => attempt(() => (localStorage[KEPT] ??= JSON.stringify(choices())));

/** After somebody has left, also where the page broke off meanwhile. */
export function dropPerson() {
  attempt(() => sessionStorage.clear());
  attempt(restoreChoices);
}

function restoreChoices() {
  const before = localStorage[KEPT];
  if (!before) return;
  for (const name of [KEPT, ...Object.keys(choices())]) localStorage.removeItem(name);
  Object.assign(localStorage, JSON.parse(before));
}
