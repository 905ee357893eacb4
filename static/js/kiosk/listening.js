// Whether this device can listen, as far as the browser tells and as it went last time.

const LAPSES_MS = 300_000; // who comes so long after a failure may try again

/** `navigator` and `now()`, in milliseconds, are the browser's. What it does not tell is taken to be well. */
export function createListening({ mediaDevices, permissions }, now) {
  let hasMicrophone = true;
  let permission = {};
  let failedAt = -Infinity;
  let seen;

  async function count() {
    const devices = await mediaDevices?.enumerateDevices?.().catch(() => null);
    if (devices) hasMicrophone = devices.some(({ kind }) => kind === "audioinput");
  }

  /** Something was plugged in, pulled out, allowed or forbidden: what failed before may go now. */
  function changed() {
    failedAt = -Infinity;
    return count();
  }

  async function watch() {
    mediaDevices?.addEventListener?.("devicechange", changed);
    await count();
    permission = (await permissions?.query({ name: "microphone" }).catch(() => null)) ?? {}; // some do not know it
    permission.onchange = changed;
  }

  return {
    works: () => hasMicrophone && permission.state !== "denied" && now() - failedAt > LAPSES_MS,
    /** What was seen in the chat: true where it heard somebody, false where it could not; else neither. */
    saw(isHeard) {
      if (isHeard !== seen && isHeard !== undefined) failedAt = isHeard ? -Infinity : now();
      seen = isHeard; // a message that still stands is no new failure
    },
    watched: watch(),
  };
}
