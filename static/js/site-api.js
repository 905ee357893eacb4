// What the page around a frame may do with the chat in it, and hears of it: window.difyLive of embed.js. Loaded only
// where such a page greeted.

import { onCommand, tell } from "./iframe-messages.js";

/**
 * `ask(question, files)` says whether it was taken; what was not is left in the field. After `newConversation()`, which
 * a person may undo, `forget()` takes that away.
 */
export function mountSiteApi({ ask, composer, newConversation, forget }) {
  function reset() {
    newConversation();
    forget();
  }

  onCommand((name, text) => {
    if (name === "reset") reset();
    else if (typeof text === "string" && !ask(text, [])) composer.fill(text);
  });
  const hear = (type, told) => document.addEventListener(type, ({ detail }) => told(detail));
  hear("turn:added", ({ id, question }) => tell("question", { id, text: question }));
  hear("turn:ended", ended);
  hear("conversation:new", () => queueMicrotask(() => tell("reset"))); // after what it stops
  tell("ready");
}

/** Nothing is told of what did not follow a pause. `source` is "mock" where the words are made up. */
function ended({ id, status, text, source, failure, follows, isBegun }) {
  if (follows && !isBegun) return;
  if (failure) tell("error", { id, reason: failure.reason ?? "failed" });
  else tell("answer", { id, status, text, source });
}
