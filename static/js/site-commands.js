// What the site around a frame may do with the chat in it, and hears of it: window.difyLive of embed.js. Loaded only
// where a site greeted.

/** `site` is the origin that greeted. `ask(question, files)` says whether it was taken. */
export function mountSiteApi(site, { ask, composer, newConversation }) {
  /** To that site, and to no page that may have taken its place. */
  const tell = (event, detail) => parent.postMessage({ type: "dify-live:event", event, detail }, site);
  const hear = (type, told) => document.addEventListener(type, ({ detail }) => told(detail));

  /** It is left in the field where something has to be filled in first. */
  function take(text) {
    if (!ask(text, [])) composer.fill(text);
  }

  /** Nothing is told of what did not follow a pause. `source` is "mock" where the words are made up. */
  function ended({ id, status, text, source, failure, follows, isBegun }) {
    if (follows && !isBegun) return;
    if (failure) tell("error", { id, reason: failure.reason ?? "failed" });
    else tell("answer", { id, status, text, source });
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== site) return;
    if (data?.type === "dify-live:reset") newConversation({ isFinal: true });
    if (data?.type === "dify-live:ask") take(data.text);
  });
  hear("turn:added", ({ id, question }) => tell("question", { id, text: question }));
  hear("turn:ended", ended);
  hear("conversation:new", () => queueMicrotask(() => tell("reset"))); // after what it stops
  tell("ready");
}
