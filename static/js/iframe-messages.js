// In a frame of another site: what this page and that site's (embed.js) tell each other. Only the two of them. Which
// sites may have it in a frame, the browser knows by FRAME_ANCESTORS. What they are asked is no secret.

const isFramed = parent !== window;
const listeners = [];
let tokenListener;
let site; // its origin, as soon as it has said anything
let greet;

/** Calls back when the frame goes out of sight. */
export const onClosed = (listener) => listeners.push(listener);

/** A site with a frame of its own, without embed.js, may listen, too. */
export function askToClose() {
  if (!isFramed) return;
  parent.postMessage("dify-live:close", "*");
  closed();
}

/** Calls back with what the site says is its user's token, which may be anything. */
export const onToken = (listener) => (tokenListener = listener);

/** Says whether there is a site to ask. */
export function askForToken() {
  if (isFramed) parent.postMessage({ type: "dify-live:token" }, "*");
  return isFramed;
}

/** Resolves to the origin of a site that can drive the chat (site-commands.js). */
export const greeted = new Promise((resolve) => (greet = resolve));

if (isFramed) parent.postMessage("dify-live:open", "*");

function closed() {
  for (const listener of listeners) listener();
}

addEventListener("message", ({ source, origin, data }) => {
  if (!isFramed || source !== parent || origin !== (site ??= origin)) return;
  if (data === "dify-live:closed") closed();
  if (data?.type === "dify-live:token") tokenListener?.(data.token);
  if (data?.type === "dify-live:hello" && site !== "null") greet(site); // only an origin with a name can be told
});
