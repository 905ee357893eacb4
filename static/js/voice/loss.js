// Tells of a lost connection: not of one that is back at once, and not while somebody speaks.

const LOST_AFTER_MS = 1_500;

/** `onChange()` is called when `isLost()` has changed; `tell()` once for each loss, when `isQuiet()`. */
export function createLossWatch({ isQuiet, onChange, tell }) {
  let isLost = false;
  let isTold = false;
  let losing;

  /** `name` is a state of connection.js. */
  function connectionIs(name) {
    if (name === "waiting") losing ??= setTimeout(lose, LOST_AFTER_MS);
    else losing = clearTimeout(losing);
    if (name !== "open") return;
    isLost = isTold = false;
    onChange();
  }

  function lose() {
    isLost = true;
    onChange();
    tellIfQuiet();
  }

  function tellIfQuiet() {
    if (!isLost || isTold || !isQuiet()) return;
    isTold = true;
    tell();
  }

  return { connectionIs, tellIfQuiet, isLost: () => isLost };
}
