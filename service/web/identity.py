"""What the chat page is called and shows as its own: the app's name and icon at Dify, unless the operator chose others.

No page waits long for Dify: what is not known within a moment has a neutral name, and the page itself asks again.
"""

import asyncio
import unicodedata
from contextlib import suppress
from xml.sax.saxutils import escape

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from service.answers.app_api import App, AppApi, Icon
from service.answers.base import AnswerError
from service.page_settings import CONTROLS, HEX_COLOUR
from service.settings import Settings

PATIENCE_SECONDS = 1.0
_OWN_ICONS = {False: "static/icon.svg", True: "static/icon-maskable.svg"}
_HEADERS = {
    "Cache-Control": "private, max-age=60",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
}
_USUAL_BACKGROUND = "#ffead5"
"""Dify's own, of an app whose icon was never changed."""
_LONGEST_EMOJI = 12  # code points: a family has seven, a flag of a part of a country as many
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="{}"/>'
    '<text x="32" y="34" font-size="36" text-anchor="middle" dominant-baseline="central" '
    'font-family="Apple Color Emoji, Segoe UI Emoji, Noto Color Emoji, sans-serif">{}</text></svg>'
)


class Identity:
    def __init__(self, app_api: AppApi, settings: Settings) -> None:
        self.app_api = app_api
        self._settings = settings

    def routes(self) -> list[Route]:
        return [Route("/icon", self.icon)]

    async def app(self) -> App:
        """The app as the operator wants it to be. Raises AnswerError."""
        app, settings = await self.app_api.app(), self._settings
        app = msgspec.structs.replace(app, name=settings.app_name or app.name)
        if settings.page_greeting or settings.page_greeting_zh:
            either = settings.page_greeting or settings.page_greeting_zh
            greeting = {"opening_statement": either, "opening_statement_zh": settings.page_greeting_zh}
            app = msgspec.structs.replace(app, **greeting)
        return _with_controls(app, settings.page_controls)

    async def name(self) -> str:
        """Empty where it is not known yet."""
        if self._settings.app_name:
            return self._settings.app_name
        app = await self._known()
        return app.name if app is not None else ""

    async def icon(self, request: Request) -> Response:
        """An image for headers, tabs and, with `?maskable`, home screens."""
        app = await self._known()
        icon = app.icon if app is not None else None
        if icon is None or icon.url:
            own = _OWN_ICONS["maskable" in request.query_params]
            return RedirectResponse(icon.url.lstrip("/") if icon else own, headers=_HEADERS)
        return Response(_drawn(icon, app.name if app else ""), headers=_HEADERS, media_type="image/svg+xml")

    async def _known(self) -> App | None:
        with suppress(AnswerError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.app()
        return None


def _with_controls(app: App, controls: tuple[str, ...]) -> App:
    """Nothing is asked of Dify for what nobody is to see."""
    missing = set(CONTROLS).difference(controls)
    if "suggestions" in missing:
        app = msgspec.structs.replace(app, suggested_questions=[], suggested_questions_after_answer=False)
    return msgspec.structs.replace(app, upload=None) if missing & {"files", "keyboard"} else app


def _drawn(icon: Icon, name: str) -> str:
    background = icon.background if HEX_COLOUR.fullmatch(icon.background) else _USUAL_BACKGROUND
    return _SVG.format(background, escape(_emoji(icon.emoji) or name[:1]))


def _emoji(icon: str) -> str:
    """Dify has emoji as such, or by a name, which often is Unicode's."""
    if not icon.isascii():
        return icon[:_LONGEST_EMOJI]
    try:
        return unicodedata.lookup(icon.replace("_", " "))
    except KeyError:
        return ""
