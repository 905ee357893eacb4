// The token by which the site around this page says who its user is. In memory only.

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * `ask()` asks the site, and says whether there is one; it tells `receive` its token, also unasked, as somebody signs
 * in there. `onToken(token)` gets each new one. What is rejected has a `reason`, for failureWords of i18n.js.
 */
export function createAccess({ ask, onToken }) {
  let token = null;
  let isTaken = false; // the service has taken it
  let answer = null;
  let settle = () => {};

  const current = () => (token ? Promise.resolve(token) : renew());

  /** Many who ask at once share one answer. */
  function renew() {
    answer ??= new Promise((resolve, reject) => {
      settle = (reason) => (reason ? reject(Object.assign(new Error(reason), { reason })) : resolve(token));
      setTimeout(settle, ANSWER_TIMEOUT_MS, "signed_out");
      if (!ask()) settle("no_site");
    }).finally(() => (answer = null));
    return answer;
  }

  function receive(fresh) {
    const before = token;
    if (!fresh || typeof fresh !== "string") return settle("signed_out");
    token = fresh;
    settle();
    if (token === before) return;
    isTaken = false;
    onToken(token);
  }

  /** Returns a reason where the service never took it: else it is merely too old. */
  function refused() {
    const reason = isTaken ? undefined : "token_invalid";
    [token, isTaken] = [null, false];
    return reason;
  }

  return { current, renew, receive, accepted: () => (isTaken = true), refused };
}

/** Whom a JSON Web Token is for (RFC 7519); undefined for what is none. The service checks it, nobody here. */
export function subjectOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub;
  } catch {
    return undefined;
  }
}
