// Tells the service to forget the turns of tokens, as soon as it can be reached.

import { backoff, parseFrame } from "../connection.js";
import { load, save } from "../storage.js";

const MOST = 100; // tokens
const KEPT_MS = 3_600_000; // after that the service has forgotten by itself

/** `connect()` makes a WebSocket; `accessToken()` is the present user's, for tokens from before a reload. */
export function createForgetting({ connect, accessToken }) {
  let tokens = load("forget", []); // {token, at}: not yet forgotten; in memory also `accessToken`
  let attempt = 0;
  let socket = null;
  let retry;

  const keep = () => save("forget", tokens.map(({ token, at }) => ({ token, at })));

  /** `person` is {token, accessToken}. */
  function add(person) {
    tokens = [...tokens, { ...person, at: Date.now() }].slice(-MOST);
    keep();
    tell();
  }

  /** One by one, each as its own user. */
  function tell() {
    retry = clearTimeout(retry);
    if (socket) return;
    tokens = tokens.filter(({ at }) => Date.now() - at < KEPT_MS);
    if (!tokens.length) return;
    socket = Object.assign(connect(), { onopen: opened, onmessage: received, onclose: closed });
  }

  const say = (frame) => socket.send(JSON.stringify(frame));

  function opened() {
    const token = tokens[0].accessToken ?? accessToken();
    if (token) say({ type: "auth", token });
  }

  function received({ data }) {
    const frame = parseFrame(data);
    if (frame?.reason === "forgotten") {
      tokens.shift();
      attempt = 0;
      keep();
      socket.close();
    } else if (frame?.type === "system" && frame.resume_token) say({ type: "forget", token: tokens[0].token });
  }

  /** Who is not let in any more keeps nobody waiting. */
  function closed() {
    socket = null;
    tokens.push(...tokens.splice(0, 1));
    if (tokens.length) retry = setTimeout(tell, backoff(attempt++));
  }

  tell();
  return { add, keep };
}
