// Tells of a lost connection: not of one that is back at once, and not while somebody speaks.

const LOST_AFTER_MS = 1_500;

/** `onChange()` is called when `isLost()` has changed; `announce(words)` once for each loss, when `isQuiet()`. */
export function watchConnectionLoss({ isQuiet, onChange, announce }) {
  let isLost = false;
  let isAnnounced = false;
  let losing;

  /** `name` is a state of connection.js. */
  function connectionIs(name) {
    if (name === "waiting") losing ??= setTimeout(lose, LOST_AFTER_MS);
    else losing = clearTimeout(losing);
    if (name !== "open") return;
    isLost = isAnnounced = false;
    onChange();
  }

  function lose() {
    isLost = true;
    onChange();
    announceIfQuiet();
  }

  function announceIfQuiet() {
    if (!isLost || isAnnounced || !isQuiet()) return;
    isAnnounced = true;
    announce(["call.cut"]);
  }

  /** A recording could not be written down, for this reason; without a connection there is no other. */
  function unwritten(words) {
    if (!isLost && isQuiet()) announce(words);
  }

  return { connectionIs, announceIfQuiet, unwritten, isLost: () => isLost };
}
