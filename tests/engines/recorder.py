"""What the console has of a page, where the browser tells nobody: the service gives its page a script that does."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

SCRIPT = b"""
  const tell = (...parts) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/complaint", false); // at once: the test may be about to end
    request.send(parts.join(" "));
  };
  addEventListener("error", ({ target, message }) => tell(message || `not loaded: ${target.src || target.href}`), true);
  addEventListener("unhandledrejection", ({ reason }) => tell(reason));
  addEventListener("securitypolicyviolation", (event) => tell(event.violatedDirective, event.blockedURI));
  console.error = console.warn = tell;
"""


class Recorder:
    """An ASGI middleware. `complaints` is a list that it adds to."""

    def __init__(self, app, complaints):
        self.app = app
        self.complaints = complaints

    async def __call__(self, scope, receive, send):
        match scope.get("path"):
            case "/recorder.js":
                await Response(SCRIPT, media_type="text/javascript")(scope, receive, send)
            case "/complaint":
                self.complaints.append((await Request(scope, receive).body()).decode())
                await Response()(scope, receive, send)
            case "/chat":
                await self.app(scope, receive, _with_script(send))
            case _:
                await self.app(scope, receive, send)


def _with_script(send):
    tag = b'<script src="/recorder.js"></script>'

    async def send_more(message):
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["Content-Length"] = str(int(headers["Content-Length"]) + len(tag))
        else:
            assert b"<head>" in message["body"]
            message["body"] = message["body"].replace(b"<head>", b"<head>" + tag)
        await send(message)

    return send_more
