// A client of the service, for any page: questions and their answers, on one connection that comes back by itself.
// For browsers; an example stands in /docs#javascript-client.

import { createAccess } from "./access-token.js";
import { connect, socketUrl } from "./connection.js";
import { randomId } from "./frames.js";
import { createTurnQueue } from "./turn-queue.js";

/**
 * Options and methods stand there, too. Besides: `access`, of access-token.js, in place of `accessToken`; `on.state`
 * gets the states of connection.js, `on.notice` what the service says of no turn; `forget()` begins anew as another
 * client, and has the service forget this one: returns the new token.
 */
export function createClient({ url = new URL("../..", import.meta.url), token = randomId(), on = {}, ...options }) {
  const { accessToken, access = accessToken ? accessBy(accessToken) : null, ...others } = options;
  const renounced = []; // tokens that the service is still to forget
  const queue = createTurnQueue({ ...others, send: (frame) => connection.send(frame), token: () => token, on });
  const connection = connect({ url: socketUrl(url, randomId()), access, resume: queue.resume, onState, onFrame });

  function accessBy(current) {
    const own = createAccess({ ask, onToken: (fresh) => connection.authenticate(fresh) });
    function ask() {
      Promise.resolve(current()).then(own.receive, () => own.receive(null));
      return true;
    }
    return own;
  }

  function forget() {
    queue.clear();
    const before = token;
    renounced.push(before);
    token = randomId();
    if (connection.send(queue.resume())) renounce(before);
    return token;
  }

  const renounce = (before) => connection.send({ type: "forget", token: before });

  function onState(state) {
    if (state.name === "open") renounced.forEach(renounce); // again, where no reply came
    queue.connectionIs(state.name);
    on.state?.(state);
  }

  function onFrame(frame) {
    if (frame.reason === "forgotten") renounced.shift();
    if (frame.type === "error" && !frame.id) on.notice?.(frame);
    else queue.receive(frame);
  }

  const { ask, stop, goOn, turns } = queue;
  return { ask, stop, goOn, turns, close: connection.close, queue, connection, forget, token: () => token };
}
