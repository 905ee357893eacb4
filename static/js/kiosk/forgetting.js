// Tells the service to forget the turns of tokens, as soon as it can be reached.

import { backoff, parseFrame } from "../connection.js";
import { load, save } from "../storage.js";

const MOST = 100; // tokens
const KEPT_MS = 3_600_000; // after that the service has forgotten by itself

/** `connect()` makes a WebSocket; `accessToken()` is the user's, where users prove who they are. */
export function createForgetting({ connect, accessToken }) {
  let tokens = load("forget", []); // {token, at}: not yet forgotten
  let attempt = 0;
  let socket = null;
  let retry;

  const keep = () => save("forget", tokens);

  function add(token) {
    tokens = [...tokens, { token, at: Date.now() }].slice(-MOST);
    keep();
    tell();
  }

  /** One after the other, on one connection. */
  function tell() {
    retry = clearTimeout(retry);
    tokens = tokens.filter(({ at }) => Date.now() - at < KEPT_MS);
    if (socket || !tokens.length) return;
    socket = Object.assign(connect(), { onopen: opened, onmessage: received, onclose: closed });
  }

  const say = (frame) => socket.send(JSON.stringify(frame));

  function opened() {
    const token = accessToken();
    if (token) say({ type: "auth", token });
  }

  function received({ data }) {
    const frame = parseFrame(data);
    if (frame?.reason === "forgotten") {
      tokens = tokens.slice(1);
      attempt = 0;
      keep();
    } else if (frame?.type !== "system" || !frame.resume_token) return;
    if (tokens.length) say({ type: "forget", token: tokens[0].token });
    else socket.close();
  }

  function closed() {
    socket = null;
    if (tokens.length) retry = setTimeout(tell, backoff(attempt++));
  }

  tell();
  return { add, keep };
}
