"""create_app(settings): the parts of the service behind its routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute

from service import __version__, logs
from service.admission.addresses import Networks
from service.admission.proxy_headers import ProxyHeaders
from service.answers.app_api import AppApi
from service.answers.base import AnswerError
from service.chat.drain import Drain
from service.chat.gateway import Gateway
from service.composition import Parts, parts_of
from service.in_flight import InFlight
from service.misspelt_settings import misspelt_names
from service.settings import Settings
from service.settings_reader import SettingsError, read_settings
from service.tasks import Tasks
from service.web import specifications
from service.web.admin import Admin
from service.web.api import HANDLERS, Api
from service.web.app_files import AppFileRoutes
from service.web.call_limits import CallLimits
from service.web.cors import api_middleware
from service.web.health import Health, Vitals
from service.web.identity import Identity
from service.web.log_context import LogContext
from service.web.pages import Pages
from service.web.readiness import Readiness
from service.web.request_drain import RequestDrain
from service.web.responses import fail, on_fault, on_http_error
from service.web.slashes import redirect_slashes
from service.web.users import Users
from service.web.websocket_hints import HINTS
from service.worker_numbers import ALONE, Worker, WorkerNumbers

if TYPE_CHECKING:  # it costs memory
    from service.web.metrics import Metrics

log = structlog.get_logger()

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(settings: Settings, at_end: Callable[[], None] | None = None, worker: Worker = ALONE) -> Starlette:
    """`at_end` is called when everything has stopped. `worker` is this process, where there are several."""
    parts = parts_of(settings)
    gateway, requests = _gateway(settings, parts), InFlight()
    vitals = Vitals(parts.counts, parts.cluster.redis, lambda: parts.turns.is_closing, parts.sources.breaker)
    metrics = _metrics(settings, worker, vitals, parts)
    app = Starlette(
        routes=[*_chat_routes(gateway), *HINTS, *_routes(settings, parts, worker, vitals, metrics)],
        middleware=_middleware(settings, parts, requests),
        exception_handlers={HTTPException: on_http_error, Exception: on_fault, **HANDLERS},
        lifespan=_lifespan(settings, parts, metrics, at_end),
    )
    redirect_slashes(app.router)
    app.state.drain = Drain(parts.sessions, parts.turns, settings.drain_timeout, gateway.handshakes, requests).run
    return app


def _gateway(settings: Settings, parts: Parts) -> Gateway:
    return Gateway(
        sessions=parts.sessions,
        turns=parts.turns,
        quotas=parts.quotas,
        announce=parts.cluster.announce,
        next_number=parts.cluster.next_number,
        hosts=parts.hosts,
        allowed_origins=settings.allowed_origins,
        max_content_length=settings.max_content_length,
        max_inputs_length=settings.max_inputs_length,
        error_response=fail,
        login=parts.login,
    )


def _chat_routes(gateway: Gateway) -> list[BaseRoute]:
    return [
        WebSocketRoute("/ws/chat", gateway.chat),
        WebSocketRoute("/ws/chat/{client_id}", gateway.chat),
        WebSocketRoute("/{path:path}", gateway.unknown_path),
    ]


def _routes(
    settings: Settings, parts: Parts, worker: Worker, vitals: Vitals, metrics: "Metrics | None"
) -> list[BaseRoute]:
    sources, users = parts.sources, Users(parts.authenticator)
    readiness = Readiness(
        mode=settings.mode,
        check=sources.check,
        degrades=settings.degrade_to_mock,
        vitals=vitals,
        tokens=(settings.metrics_token, settings.admin_token),
    )
    identity = Identity(sources.app_api, settings)
    return [
        *Pages(settings, identity).routes(),
        *identity.routes(),
        *specifications.routes(),
        *Health(mode=settings.mode, worker=worker.number, counts=parts.counts).routes(),
        *readiness.routes(),
        *(metrics.routes() if metrics is not None else ()),
        *(Admin(settings.admin_token, parts.sessions, parts.cluster).routes() if settings.admin_token else ()),
        *Api(identity, users, parts.seal, settings.max_content_length, sources.speech).routes(),
        *AppFileRoutes(sources.files).routes(),
    ]


def _middleware(settings: Settings, parts: Parts, requests: InFlight) -> list[Middleware]:
    return [
        Middleware(ProxyHeaders, trusted=Networks(settings.forwarded_allow_ips)),
        Middleware(LogContext),
        *api_middleware(parts.hosts, settings.allowed_origins),
        Middleware(RequestDrain, requests=requests, is_closing=lambda: parts.turns.is_closing),
        Middleware(CallLimits, quotas=parts.quotas),
    ]


def _lifespan(
    settings: Settings, parts: Parts, metrics: "Metrics | None", at_end: Callable[[], None] | None
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = Tasks()
        await parts.start(tasks)
        if metrics is not None:
            tasks.spawn(metrics.run())
        if not settings.mock_mode:
            tasks.spawn(_log_readiness(parts.sources.app_api))
        _log_start(settings)
        try:
            yield
        finally:
            await parts.close(tasks)
            log.info("service.stopped", **parts.turns.counts())
            if at_end is not None:
                at_end()

    return lifespan


def _log_start(settings: Settings) -> None:
    if settings.mock_mode:
        why = "asked for by MOCK_MODE" if settings.dify_api_key else "DIFY_API_KEY is not set"
        log.warning("service.mock_mode", why=why)
    for name, meant in misspelt_names():
        log.warning("settings.misspelt", name=name, did_you_mean=meant)
    log.info("service.started", version=__version__, mode=settings.mode, settings=settings.masked())


async def _log_readiness(app_api: AppApi) -> None:
    """At start, so that a wrong address or key is noticed before the first question; which finds the app known."""
    try:
        await app_api.app()
    except AnswerError as error:
        log.error("dify.not_ready", reason=error.failure.reason, cause=error.failure.cause)  # noqa: TRY400 - logged
    else:
        log.info("dify.ready")


def _metrics(settings: Settings, worker: Worker, vitals: Vitals, parts: Parts) -> "Metrics | None":
    """None where nobody may ask for them."""
    if not settings.metrics_token:
        return None
    from service.web.metrics import Metrics  # noqa: PLC0415 - costs memory

    metrics = Metrics(settings.metrics_token, WorkerNumbers(worker), vitals)
    parts.turns.observe = metrics.observe
    parts.turns.voice.observe = metrics.observe_voice
    return metrics


def __getattr__(name: str) -> Any:
    """For `uvicorn service.app:app`; importing this module reads no environment."""
    if name != "app":
        raise AttributeError(name)
    try:
        settings = read_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    # uvicorn ends by the signal that it caught: the log is written out when the lifespan ends.
    return create_app(settings, at_end=logs.configure(settings))
