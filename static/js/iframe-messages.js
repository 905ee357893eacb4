// In a frame of another site: what this page and that site's (embed.js) tell each other. Only the two of them.

/** The site's origin, as embed.js says. */
const [host] = /^https?:.+/.exec(new URLSearchParams(location.search).get("host")) ?? [];
const isFramed = parent !== window;
const listeners = [];

/** Calls back when the frame goes out of sight. */
export const onClosed = (listener) => listeners.push(listener);

/** A site with a frame of its own, without embed.js, may listen, too. */
export function askToClose() {
  if (!isFramed) return;
  parent.postMessage("dify-live:close", host ?? "*");
  closed();
}

function closed() {
  for (const listener of listeners) listener();
}

addEventListener("message", ({ source, origin, data }) => {
  if (isFramed && source === parent && origin === host && data === "dify-live:closed") closed();
});
