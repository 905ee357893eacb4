"""/, /chat, /docs, static files. All addresses are relative: who serves them under which path is not known here."""

from functools import cache
from pathlib import Path
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from service import __version__
from service.admission.limit_table import LIMITS_HIT
from service.answers import failures
from service.answers.dify.rest_of_answer import HEALING_SECONDS, STORED_SECONDS
from service.answers.mock.scripts import SCRIPTS
from service.answers.resilience.limiter import RETURN_SECONDS
from service.answers.speech_engine import SpeechEngine
from service.chat import close_codes
from service.chat.messages import PROTOCOL
from service.chat.server_messages import encode
from service.page_settings import CONTROLS
from service.result_codes import ResultCode
from service.settings import Settings, declarations
from service.web.frame_tables import frame_sections, frame_shapes
from service.web.identity import Identity
from service.web.metric_definitions import DEFINITIONS
from service.web.page_style import page_style
from service.web.reasons import FAILURES, OTHER_REASONS
from service.web.responses import ok
from service.web.route_examples import HANDSHAKE
from service.web.route_tables import routes, shapes
from service.web.server_frames import PAUSED

_ROOT = Path(__file__).parents[2]
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data: http: https:; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
_PERMISSIONS = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"
_PAGE_HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": _PERMISSIONS,
    "Cache-Control": "no-cache",
}
_SMALL_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
SERVICE_NAME = "Dify Live"
"""For those who run it, and those who build on it."""
NEUTRAL_NAME = "Assistant"
"""Of an app whose name is not known, for those who talk to it."""
_THEME = "#0f6a73"
_BACKGROUND = "#f6f8f9"


class Pages:
    def __init__(self, settings: Settings, identity: Identity) -> None:
        self._settings = settings
        self._identity = identity
        self._style = page_style(settings)
        self._theme_colour = settings.page_accent or _THEME
        self._templates = Jinja2Templates(_ROOT / "templates")
        self._templates.env.globals["shape_names"] = {shape.name for shape in (*shapes(), *frame_shapes())}
        frames = " ".join(("'self'", *settings.frame_ancestors))
        self._headers = _PAGE_HEADERS | {"Content-Security-Policy": _POLICY + frames}
        if settings.speech == SpeechEngine.OFF:
            self._headers["Permissions-Policy"] = _PERMISSIONS.replace("microphone=(self)", "microphone=()")

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.welcome),
            Route("/chat", self.chat),
            Route("/docs", self.docs),
            Route("/manifest.webmanifest", self.manifest),
            Route("/page.css", self.style),
            Mount("/static/clients", _Static(directory=_ROOT / "templates/clients")),
            Mount("/static", GZipMiddleware(_Static(directory=_ROOT / "static"))),
        ]

    async def welcome(self, request: Request) -> Response:
        """Links, relative to this address; browsers are redirected to the chat page."""
        vary = {"Vary": "Accept"}
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("chat", headers=vary)
        name = await self._identity.name() or NEUTRAL_NAME
        links = {"chat": "chat", "docs": "docs", "health": "health", "websocket": "ws/chat"}
        return ok({"name": name, "version": __version__, "mode": self._settings.mode, "links": links}, vary)

    async def chat(self, request: Request) -> Response:
        """With `?kiosk=`, the screen that many people use one after the other, and the chat page within it."""
        page = {
            "app_name": await self._identity.name(),
            "neutral_name": NEUTRAL_NAME,
            "has_style": bool(self._style),
            "theme_colour": self._theme_colour,
            "without": " ".join(name for name in CONTROLS if name not in self._settings.page_controls),
        }
        return self._page(request, "kiosk.html" if "kiosk" in request.query_params else "chat.html", **page)

    async def style(self, request: Request) -> Response:
        return Response(self._style, headers=_SMALL_HEADERS, media_type="text/css")

    async def docs(self, request: Request) -> Response:
        tables = {
            "codes": list(ResultCode),
            "closings": sorted(close_codes.ADVICE.items()),
            "failures": FAILURES,
            "degrading": [failure for failure in failures.ALL if not failure.is_client_error],
            "scripts": SCRIPTS,
            "return_seconds": RETURN_SECONDS,
            "healing_seconds": HEALING_SECONDS,
            "stored_seconds": STORED_SECONDS,
            "declarations": declarations(),
            "limits": LIMITS_HIT,
            "frame_sections": frame_sections(),
            "paused": encode(PAUSED).decode(),
            "protocol": PROTOCOL,
            "routes": routes(),
            "handshake": HANDSHAKE,
            "shapes": shapes(),
            "frame_shapes": frame_shapes(),
            "metrics": DEFINITIONS,
            "other_reasons": OTHER_REASONS,
            "deploy_files": _files_in("deploy"),
            "clients": _files_in("clients"),
        }
        return self._page(request, "docs.html", **tables)

    async def manifest(self, request: Request) -> Response:
        """Makes the chat page installable (W3C, Web Application Manifest): addresses are relative to its own."""
        name = await self._identity.name() or NEUTRAL_NAME
        content = {
            "name": name,
            "short_name": name,
            "start_url": "chat",
            "scope": ".",
            "display": "standalone",
            "theme_color": self._theme_colour,
            "background_color": _BACKGROUND,
            "icons": [
                {"src": "icon", "sizes": "any", "purpose": "any"},
                {"src": "icon?maskable", "sizes": "any", "purpose": "maskable"},
            ],
        }
        return JSONResponse(content, headers=_SMALL_HEADERS, media_type="application/manifest+json")

    def _page(self, request: Request, template: str, **context: Any) -> Response:
        context = {"app_name": self._settings.app_name or SERVICE_NAME, "theme_colour": _THEME} | context
        context |= {
            "version": __version__,
            "mock": self._settings.mock_mode,
            "settings": self._settings,
        }
        return self._templates.TemplateResponse(request, template, context, headers=self._headers)


@cache
def _files_in(folder: str) -> dict[str, str]:
    """Names and texts of that folder of templates/, as they are."""
    paths = sorted(path for path in (_ROOT / "templates" / folder).iterdir() if path.is_file())
    return {path.name: path.read_text("utf-8") for path in paths}


class _Static(StaticFiles):
    """Browsers revalidate each file, so that no page runs with modules of an older version."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
