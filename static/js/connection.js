// One socket that comes back by itself, as the same client: `token` owns what was asked. Knows no DOM.

export const PING_PERIOD_MS = 25_000;
const STALE_AFTER_MS = 2 * PING_PERIOD_MS;
const PONG_TIMEOUT_MS = 5_000; // for the reply to a ping, where there is reason to doubt the connection
const CONNECT_TIMEOUT_MS = 15_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const STAYED_AFTER_MS = 5_000; // a connection that lives this long proves that the service is well

/** Milliseconds before try number `attempt` (from 0): exponential, full jitter. */
export const backoff = (attempt) => Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);

/** Whether a close code says "do not come back". */
export const isFinal = (code) => code === 1008 || (code >= 4500 && code <= 4999);

/** Whole: Safari understands a relative one since 17.3 only. */
export const socketUrl = (origin, clientId) => `${origin.replace("http", "ws")}/ws/chat/${clientId}`;

/** Null for what is not JSON. */
export function parseFrame(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/**
 * Keeps connecting until a close code forbids it. `running()` is the turn to take up again, if any: {id, offset}, in
 * code points. `onState` gets {name: "open"}, {name: "waiting", delay} (milliseconds to the next try) or
 * {name: "ended", code}; then `reconnect()` begins anew. The result's `send(frame)` says whether it was written.
 */
export function connect({ url, token, running, onState, onFrame }) {
  let socket = null;
  let attempt = 0;
  let comeBackAfter; // milliseconds, as the service said before a restart
  let heardAt; // Unix milliseconds
  let pings, deadline, staying, retry;

  function open() {
    retry = clearTimeout(retry);
    socket = Object.assign(new WebSocket(url), { onopen: opened, onmessage: received, onclose: closed });
    expectWithin(CONNECT_TIMEOUT_MS);
  }

  function opened() {
    heard();
    pings = setInterval(check, PING_PERIOD_MS);
    staying = setTimeout(() => (attempt = 0), STAYED_AFTER_MS);
    send({ type: "resume", token, ...running() });
    onState({ name: "open" });
  }

  function received({ data }) {
    heard();
    const frame = parseFrame(data);
    if (!frame) return;
    if (frame.retry_after > 0) comeBackAfter = frame.retry_after;
    onFrame(frame);
  }

  function closed({ code }) {
    release();
    if (isFinal(code)) onState({ name: "ended", code });
    else retryLater();
  }

  /** Does not wait for the close event: on a dead network it comes minutes later. */
  function giveUp() {
    socket.close();
    release();
    retryLater();
  }

  /** A socket that was given up may still speak: nobody listens to it. */
  function release() {
    Object.assign(socket, { onopen: null, onmessage: null, onclose: null });
    socket = null;
    clearInterval(pings);
    clearTimeout(staying);
    deadline = clearTimeout(deadline);
  }

  /** Also when offline: the browser's opinion is wrong where the service runs on the same machine. */
  function retryLater() {
    const delay = comeBackAfter ?? backoff(attempt++);
    comeBackAfter = undefined;
    retry = setTimeout(open, delay);
    onState({ name: "waiting", delay });
  }

  function heard() {
    heardAt = Date.now();
    deadline = clearTimeout(deadline);
  }

  function expectWithin(delay) {
    clearTimeout(deadline);
    deadline = setTimeout(giveUp, delay);
  }

  const ping = () => send({ type: "ping", timestamp: Date.now() });

  /** Background tabs have slow timers: silence counts only if a ping, too, got no reply. */
  function check() {
    ping();
    if (!deadline) expectWithin(Math.max(PONG_TIMEOUT_MS, heardAt + STALE_AFTER_MS - Date.now()));
  }

  /** The network or the reader is back: try now, and doubt a connection that seems open. */
  function lookAgain() {
    if (retry) open();
    else if (ping()) expectWithin(PONG_TIMEOUT_MS);
  }

  function reconnect() {
    attempt = 0;
    onState({ name: "waiting", delay: 0 });
    open();
  }

  function send(frame) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  for (const type of ["online", "offline", "pageshow"]) addEventListener(type, lookAgain);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && lookAgain());
  open();
  return { send, reconnect };
}
