// Keeps the screen on.

/** Returns what is to be called whenever `isWanted()` may have changed. */
export function createWakeLock(isWanted) {
  let lock;

  async function update() {
    if (isWanted()) lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (!isWanted()) lock?.release();
  }

  document.addEventListener("visibilitychange", update); // it is lost when the page is hidden
  return update;
}
