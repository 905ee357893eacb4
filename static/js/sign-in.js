// Where the service wants to know who its users are: the tokens of the site around this page, on their way to it.

import { createAccess, subjectOf } from "./access-token.js";
import { askForToken, onToken } from "./iframe-messages.js";
import { load, save } from "./storage.js";

/**
 * Access as of access-token.js; null where nobody has to prove who they are. `authenticate(token)` is told of each new
 * token, `newConversation({isFinal})` before another person begins: what was said until then is not for them.
 */
export function createSignIn({ authenticate, newConversation }) {
  if (document.documentElement.dataset.auth !== "token") return null;
  const access = createAccess({ ask: askForToken, onToken: introduced });
  let subject = load("subject", null);

  function introduced(token) {
    const before = subject;
    save("subject", (subject = subjectOf(token)));
    if (before && before !== subject) beginAnew();
    else authenticate(token);
  }

  function beginAnew() {
    newConversation({ isFinal: true });
    location.reload();
  }

  onToken(access.receive);
  return access;
}
