// One socket that comes back by itself, as the same client. Knows no DOM.

export const PING_PERIOD_MS = 25_000;
const STALE_AFTER_MS = 2 * PING_PERIOD_MS;
const PONG_TIMEOUT_MS = 5_000; // for the reply to a ping, where there is reason to doubt the connection
const OFFLINE_PONG_TIMEOUT_MS = 1_000; // where the browser knows no network, only a service on this machine replies
const CONNECT_TIMEOUT_MS = 15_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const STAYED_AFTER_MS = 5_000; // a connection that lives this long proves that the service is well
const UNAUTHORIZED = 4401; // a close code: come back with another access token

/** Milliseconds before try number `attempt` (from 0): exponential, full jitter. */
export const backoff = (attempt) => Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** attempt);

/** Whether a close code says "do not come back"; or come back as somebody, where a page does not know how. */
export const isFinal = (code) => code === 1008 || code === UNAUTHORIZED || (code >= 4500 && code <= 4999);

/** Beside the page. Whole: Safari understands a relative one since 17.3 only. */
export const socketUrl = (page, clientId) => new URL(`ws/chat/${clientId}`, page).href.replace("http", "ws");

/** U+FFFD in place of half of a surrogate pair. */
const whole = (_, value) => (typeof value === "string" ? value.replace(/\p{Cs}/gu, "\ufffd") : value);

/** Null for what is not JSON. */
export function parseFrame(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/**
 * Keeps connecting until a close code forbids it. `access`, of access-token.js, is null where nobody has to prove who
 * they are. `resume()` is the frame by which it goes on as this client. `onState` gets
 * {name: "open"}, {name: "waiting", delay, reason} (milliseconds to the next try; why the service lets nobody in) or
 * {name: "ended", code}; then `reconnect()` begins anew. The result's `send(frame)` says whether it was written,
 * `authenticate(accessToken)` is for a new one, `close()` ends it for good.
 */
export function connect({ url, access, resume, onState, onFrame }) {
  let socket = null;
  let isServed = false;
  let attempt = 0;
  let comeBackAfter; // milliseconds, as the service said before a restart
  let heardAt; // Unix milliseconds
  let pings, deadline, staying, retry;
  const leaving = new AbortController();

  function open() {
    retry = clearTimeout(retry);
    if (leaving.signal.aborted) return;
    if (access) access.current().then(dial, ({ reason }) => retryLater(reason));
    else dial();
  }

  function dial(accessToken) {
    if (leaving.signal.aborted) return;
    const onopen = () => opened(accessToken);
    socket = Object.assign(new WebSocket(url), { onopen, onmessage: received, onclose: closed });
    expectWithin(CONNECT_TIMEOUT_MS);
  }

  function opened(accessToken) {
    heard();
    pings = setInterval(check, PING_PERIOD_MS);
    if (access) send({ type: "auth", token: accessToken });
    else enter();
  }

  function enter() {
    isServed = true;
    access?.accepted();
    staying = setTimeout(() => (attempt = 0), STAYED_AFTER_MS);
    send(resume());
    onState({ name: "open" });
  }

  function received({ data }) {
    heard();
    const frame = parseFrame(data);
    if (!frame) return;
    if (frame.retry_after > 0 && !frame.id) comeBackAfter = frame.retry_after;
    if (frame.reason === "token_expiring") access?.current().then(renew);
    if (isServed) onFrame(frame);
    else if (frame.resume_token) enter();
  }

  /** Until there is another than the old one, or the service closes for want of it. */
  function renew(old, tries = 0) {
    const again = () => isServed && setTimeout(renew, backoff(tries), old, tries + 1);
    access.renew().then((fresh) => fresh === old && again(), again);
  }

  function authenticate(accessToken) {
    if (isServed) send({ type: "auth", token: accessToken });
    else if (retry) open();
  }

  function closed({ code }) {
    release();
    if (access && code === UNAUTHORIZED) refused();
    else if (isFinal(code)) onState({ name: "ended", code });
    else retryLater();
  }

  function refused() {
    const reason = access.refused();
    if (!reason) attempt = 0;
    retryLater(reason);
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
    isServed = false;
    clearInterval(pings);
    clearTimeout(staying);
    deadline = clearTimeout(deadline);
  }

  /** Also when offline: the browser's opinion is wrong where the service runs on the same machine. */
  function retryLater(reason) {
    const delay = comeBackAfter ?? backoff(attempt++);
    comeBackAfter = undefined;
    retry = setTimeout(open, delay);
    onState({ name: "waiting", delay, reason });
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

  /** The network or the reader is back, or the network is gone: try now, and doubt a connection that seems open. */
  function lookAgain({ type } = {}) {
    if (retry) open();
    else if (ping()) expectWithin(type === "offline" ? OFFLINE_PONG_TIMEOUT_MS : PONG_TIMEOUT_MS);
  }

  function reconnect() {
    attempt = 0;
    onState({ name: "waiting", delay: 0 });
    open();
  }

  function close() {
    leaving.abort();
    clearTimeout(retry);
    if (!socket) return;
    socket.close();
    release();
  }

  function send(frame) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame, whole));
    return true;
  }

  const { signal } = leaving;
  const seen = () => document.visibilityState === "visible" && lookAgain();
  for (const type of ["online", "offline", "pageshow"]) addEventListener(type, lookAgain, { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  open();
  return { send, reconnect, authenticate, close };
}
