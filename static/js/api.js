// The service's HTTP routes, as the same client as the connection: `token()` and `access` are the connection's.

const UNAUTHORIZED = 401;

export function createApi(token, access) {
  async function request(path, options) {
    if (!access) return send(path, options, token());
    const response = await send(path, options, await access.current());
    return response.status === UNAUTHORIZED ? send(path, options, await access.renew()) : response;
  }

  function send(path, { headers, ...options } = {}, bearer) {
    return fetch(path, { ...options, headers: { ...headers, Authorization: `Bearer ${bearer}` } });
  }

  /** An error has a `code` or a `reason`, for failureWords of i18n.js. */
  async function call(path, options) {
    const response = await request(path, options).catch((error) => {
      throw Object.assign(error, { reason: error.reason ?? "no_connection" });
    });
    const { code, message, data } = await response.json().catch(() => ({ code: response.status }));
    if (code === 200) return data;
    throw Object.assign(new Error(message), { ...data, code });
  }

  /** With the `continuation` of an answer, for its form. */
  function upload(file, signal, continuation) {
    const body = new FormData();
    body.append("file", file);
    const headers = continuation && { continuation };
    return call("api/files", { method: "POST", headers, body, signal });
  }

  /** `content`: why, in words. */
  function rate(messageId, rating, content) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ rating, content });
    return call(`api/messages/${messageId}/feedback`, { method: "POST", headers, body });
  }

  return {
    fetch: request,
    call,
    upload,
    rate,
    app: () => call("api/app"),
    suggested: (messageId) => call(`api/messages/${messageId}/suggested`),
  };
}
