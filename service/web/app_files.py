"""/api/app-files: what an app made. A link is enough, so that a page can show an image.

Such a file may be anything: only kinds that cannot act are shown, and none may run scripts or reach this origin.
"""

import re
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.answers.app_api import AppFiles, Head
from service.answers.uploads import sanitize_name
from service.web.api import while_connected
from service.web.streamed_reply import StreamedReply

_SHOWN = re.compile(r"image/(png|jpeg|gif|webp)|(audio|video)/[a-z0-9.+-]{1,60}")
_ANY = "application/octet-stream"
_SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")
_ONE_RANGE = re.compile(r"bytes=\d*-\d*")


class AppFileRoutes:
    def __init__(self, files: AppFiles) -> None:
        self._files = files

    def routes(self) -> list[Route]:
        return [Route("/api/app-files/{path:path}", self.file)]

    async def file(self, request: Request) -> Response:
        path, is_head = str(request.path_params["path"]), request.method == "HEAD"
        opening = self._files.open(path, request.query_params, _wanted(request), is_head=is_head)
        content = await while_connected(request, opening)
        headers = {**content.head.headers, **_SAFE_HEADERS}
        if content.head.status == HTTPStatus.NOT_MODIFIED:  # else these would replace what a cache knows of the file
            return StreamedReply(content, headers, None)
        is_shown = _SHOWN.fullmatch(content.head.media_type) is not None
        headers["Content-Disposition"] = _disposition(content.head, "inline" if is_shown else "attachment")
        return StreamedReply(content, headers, content.head.media_type if is_shown else _ANY)


def _disposition(head: Head, how: str) -> str:
    """RFC 6266, with a name that is safe as a header and as a file's; without one a page may give it one."""
    if not head.name:
        return how
    return f"{how}; filename*=UTF-8''{quote(sanitize_name(head.name, head.media_type), safe='')}"


def _wanted(request: Request) -> dict[str, str]:
    """Conditions, and a single range: several come in a form that is no media of its own."""
    wanted = {name: request.headers[name] for name in _CONDITIONS if name in request.headers}
    if _ONE_RANGE.fullmatch(request.headers.get("range", "")):
        wanted["range"] = request.headers["range"]
    return wanted
