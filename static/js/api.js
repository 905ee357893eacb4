// The service's HTTP routes, as the same client as the connection.

const JSON_TYPE = { "Content-Type": "application/json" };

/** What went wrong: the envelope's `code` and its `reason`, for failureWords of i18n.js. */
export class CallError extends Error {
  constructor(message, code, reason) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** `token()` is null as long as there is none; then only /api/app can be called. */
export function createApi(token) {
  function request(path, { headers, ...options } = {}) {
    const authorization = token() ? { Authorization: `Bearer ${token()}` } : {};
    return fetch(path, { ...options, headers: { ...headers, ...authorization } });
  }

  async function call(path, options) {
    let response;
    try {
      response = await request(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new CallError(error.message, undefined, "no_connection");
    }
    const reply = await response.json().catch(() => ({ code: response.status }));
    if (reply.code === 200) return reply.data;
    throw new CallError(reply.message ?? "", reply.code, reply.data?.reason);
  }

  const post = (path, body) => call(path, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) });

  function upload(file, signal) {
    const body = new FormData();
    body.append("file", file, file.name);
    return call("/api/files", { method: "POST", body, signal });
  }

  return {
    fetch: request,
    call,
    upload,
    app: () => call("/api/app"),
    suggested: (messageId) => call(`/api/messages/${encodeURIComponent(messageId)}/suggested`),
    rate: (messageId, rating) => post(`/api/messages/${encodeURIComponent(messageId)}/feedback`, { rating }),
  };
}
