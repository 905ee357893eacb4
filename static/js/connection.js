// One socket that comes back by itself. Knows frames as objects and nothing of what they mean, and no DOM.

export const PING_PERIOD_MS = 25_000;
const STALE_AFTER_MS = 2 * PING_PERIOD_MS;
const PATIENCE_MS = 5_000; // for the reply to a ping, when there is reason to doubt the connection
const CONNECT_TIMEOUT_MS = 15_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const STAYED_AFTER_MS = 5_000; // a connection that lives this long proves that the service is well

/** Milliseconds before try number `attempt` (from 0): exponential, full jitter. `random` is like Math.random. */
export function backoff(attempt, random = Math.random) {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);
}

/** Whether a close code says "do not come back". */
export function isFinal(code) {
  return code === 1008 || (code >= 4500 && code <= 4999);
}

export function socketUrl({ protocol, host }, clientId) {
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/ws/chat/${clientId}`;
}

/** The frame as an object, or null for whatever is not a JSON object. */
export function parseFrame(data) {
  try {
    const frame = JSON.parse(data);
    return frame && typeof frame === "object" ? frame : null;
  } catch {
    return null;
  }
}

/**
 * Connects, and keeps at it until a close code forbids it.
 *
 * `onState` gets {name: "connecting" | "open"}, {name: "waiting" | "offline", delay} (milliseconds to the next try) or
 * {name: "ended", reason}. `onFrame` gets each frame. The result's `send(frame)` says whether the frame was written.
 */
export function connect({ url, onState, onFrame, WebSocket = globalThis.WebSocket }) {
  let socket = null;
  let state = "";
  let attempt = 0;
  let openedAt = Infinity;
  let heardAt = 0;
  let pings, deadline, retry;

  function enter(name, more) {
    state = name;
    onState({ name, ...more });
  }

  function open() {
    clearTimeout(retry);
    const opening = new WebSocket(url);
    // A socket that was given up may still speak: only the current one is listened to.
    const ifCurrent = (listener) => (event) => socket === opening && listener(event);
    opening.onopen = ifCurrent(opened);
    opening.onmessage = ifCurrent(received);
    opening.onclose = ifCurrent(closed);
    socket = opening;
    expectWithin(CONNECT_TIMEOUT_MS);
    enter("connecting");
  }

  function opened() {
    openedAt = Date.now();
    pings = setInterval(ping, PING_PERIOD_MS);
    heard();
    enter("open");
  }

  function received({ data }) {
    heard();
    const frame = parseFrame(data);
    if (frame) onFrame(frame);
  }

  function closed({ code, reason }) {
    release();
    if (isFinal(code)) enter("ended", { reason });
    else retryLater();
  }

  /** Does not wait for the close event: on a dead network it comes minutes later. */
  function giveUp() {
    const lost = socket;
    release();
    lost.close();
    retryLater();
  }

  function release() {
    socket = null;
    clearInterval(pings);
    deadline = clearTimeout(deadline);
  }

  function retryLater() {
    if (Date.now() - openedAt >= STAYED_AFTER_MS) attempt = 0;
    openedAt = Infinity;
    const delay = backoff(attempt++);
    retry = setTimeout(open, delay);
    // Also when offline: the browser's opinion is wrong where the service runs on the same machine.
    enter(globalThis.navigator?.onLine === false ? "offline" : "waiting", { delay });
  }

  function heard() {
    heardAt = Date.now();
    deadline = clearTimeout(deadline);
  }

  function expectWithin(delay) {
    clearTimeout(deadline);
    deadline = setTimeout(giveUp, delay);
  }

  /** Background tabs have slow timers: silence counts only if a ping, too, got no reply. */
  function ping() {
    send({ type: "ping", timestamp: Date.now() });
    if (!deadline) expectWithin(Math.max(PATIENCE_MS, heardAt + STALE_AFTER_MS - Date.now()));
  }

  function send(frame) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** The network or the reader is back: try now, and doubt a connection that seems open. */
  function lookAgain() {
    if (state === "waiting" || state === "offline") open();
    if (state !== "open") return;
    ping();
    expectWithin(PATIENCE_MS);
  }

  for (const type of ["online", "offline", "pageshow"]) globalThis.addEventListener?.(type, lookAgain);
  globalThis.document?.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") lookAgain();
  });
  open();
  return { send };
}
