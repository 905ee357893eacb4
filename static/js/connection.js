// One socket that comes back by itself, as the same client: it keeps the token that owns what was asked. Knows no DOM.

import { keep, recall } from "./memory.js";

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

/** What to say first on a new socket: who we are, and from where on each running turn is to be told. */
export function resumeFrames(token, running) {
  if (!token) return [];
  if (!running.length) return [{ type: "resume", token }];
  return running.map(({ id, offset }) => ({ type: "resume", token, id, offset }));
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
 * Connects, and keeps at it until a close code forbids it. `running()` lists the turns to take up again: {id, offset}, in
 * code points.
 *
 * `onState` gets {name: "connecting" | "open"}, {name: "waiting" | "offline", delay} (milliseconds to the next try) or
 * {name: "ended", code, reason}. `onFrame` gets each frame. The result's `send(frame)` says whether the frame was written;
 * `token()` is null before the first greeting.
 */
export function connect({ url, running, onState, onFrame, WebSocket = globalThis.WebSocket }) {
  let token = recall("token");
  let comeBackAfter = null;
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
    for (const frame of resumeFrames(token, running())) send(frame);
    enter("open");
  }

  function received({ data }) {
    heard();
    const frame = parseFrame(data);
    if (!frame) return;
    if (frame.type === "system") greeted(frame);
    onFrame(frame);
  }

  /** The token of the first greeting stays ours on every later connection. */
  function greeted({ resume_token: given, retry_after: delay }) {
    if (!token && given) keep("token", (token = given));
    if (delay > 0) comeBackAfter = delay;
  }

  function closed({ code, reason }) {
    release();
    if (isFinal(code)) enter("ended", { code, reason });
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
    const delay = comeBackAfter ?? backoff(attempt++);
    comeBackAfter = null;
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
  return { send, token: () => token };
}
