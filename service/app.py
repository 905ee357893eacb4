"""create_app(settings): wires all parts together."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from service import __version__, logs
from service.admission.addresses import Networks
from service.admission.authentication import Authenticator
from service.admission.header_authenticator import HeaderAuthenticator
from service.admission.host_check import HostCheck
from service.admission.jwks import Jwks
from service.admission.jwt_authenticator import JwtAuthenticator, Secret
from service.admission.proxy_headers import ProxyHeaders
from service.admission.quotas import Limits, Quotas, own_counters
from service.answers.app_api import AppApi
from service.answers.base import AnswerError
from service.chat.cluster import Cluster, SingleProcess
from service.chat.drain import Drain
from service.chat.gateway import Gateway
from service.chat.heartbeat import Supervisor
from service.chat.login import Login
from service.chat.seal import Seal
from service.chat.session_registry import SessionRegistry
from service.chat.turn_registry import TurnRegistry
from service.in_flight import InFlight
from service.log_sinks import dropped_lines
from service.misspelt_settings import misspelt_names
from service.settings import Settings
from service.settings_reader import SettingsError, read_settings
from service.sources import Limiters, Sources, sources_of
from service.tasks import Tasks
from service.web.admin import Admin
from service.web.api import HANDLERS, Api
from service.web.app_files import AppFileRoutes
from service.web.call_limits import CallLimits
from service.web.cors import api_middleware
from service.web.health import Health, Vitals
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


def create_app(settings: Settings, at_end: Callable[[], None] | None = None, worker: Worker = ALONE) -> Starlette:
    """`at_end` is called when everything has stopped. `worker` is this process, where there are several."""
    limiters = Limiters(settings)
    sources = sources_of(settings, limiters)
    sessions = SessionRegistry(settings.max_connections)
    cluster = _cluster(settings, sessions, limiters, sources)
    quotas = _quotas(settings)
    seal = Seal(settings.dify_api_key)
    turns = TurnRegistry(
        sources.answerer,
        cluster,
        seal,
        orphan_grace=settings.orphan_grace,
        resume_window=settings.resume_window,
    )
    supervisor = Supervisor(sessions, settings.websocket_heartbeat_interval, settings.websocket_heartbeat_timeout)
    authenticator = _authenticator(settings)
    login = Login(authenticator, settings.max_content_length) if authenticator is not None else None
    hosts = HostCheck(settings.allowed_hosts)
    gateway = Gateway(
        sessions=sessions,
        turns=turns,
        quotas=quotas,
        announce=cluster.announce,
        next_number=cluster.next_number,
        hosts=hosts,
        allowed_origins=settings.allowed_origins,
        max_content_length=settings.max_content_length,
        max_inputs_length=settings.max_inputs_length,
        error_response=fail,
        login=login,
    )

    requests = InFlight()
    drain = Drain(sessions, turns, settings.drain_timeout, gateway.handshakes, requests)

    def counts() -> dict[str, Any]:
        return {
            "connections": len(sessions),
            **({"unauthenticated": len(login.waiting)} if login is not None else {}),
            "turns": len(turns),
            **turns.counts(),
            **cluster.counts(),
            **quotas.counts(),
            "log_lines_dropped": dict(dropped_lines),
            **({} if settings.mock_mode else limiters.answers.counts()),
        }

    vitals = Vitals(counts, cluster.redis, lambda: turns.is_closing, sources.breaker)
    metrics = _metrics(settings, worker, vitals, turns)
    readiness = Readiness(
        mode=settings.mode,
        check=sources.answerer.check,
        degrades=settings.degrade_to_mock,
        vitals=vitals,
        tokens=(settings.metrics_token, settings.admin_token),
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = Tasks()
        await cluster.start()
        if authenticator is not None:
            tasks.spawn(authenticator.start())
        tasks.spawn(supervisor.run())
        tasks.spawn(cluster.run())
        tasks.spawn(quotas.run())
        if metrics is not None:
            tasks.spawn(metrics.run())
        if not settings.mock_mode:
            tasks.spawn(_log_readiness(sources.app_api))
        _log_start(settings)
        try:
            yield
        finally:
            await turns.close()
            await sessions.close()
            await tasks.finish(within=0)
            if authenticator is not None:
                await authenticator.close()
            await asyncio.gather(cluster.close(), quotas.close(), sources.close())  # each takes its time
            log.info("service.stopped", **turns.counts())
            if at_end is not None:
                at_end()

    app = Starlette(
        routes=[
            WebSocketRoute("/ws/chat", gateway.chat),
            WebSocketRoute("/ws/chat/{client_id}", gateway.chat),
            WebSocketRoute("/{path:path}", gateway.unknown_path),
            *HINTS,
            *Pages(settings).routes(),
            *Health(mode=settings.mode, worker=worker.number, counts=counts).routes(),
            *readiness.routes(),
            *(metrics.routes() if metrics is not None else ()),
            *(Admin(settings.admin_token, sessions, cluster).routes() if settings.admin_token else ()),
            *Api(sources.app_api, Users(authenticator), seal, settings.max_content_length).routes(),
            *AppFileRoutes(sources.files).routes(),
        ],
        middleware=[
            Middleware(ProxyHeaders, trusted=Networks(settings.forwarded_allow_ips)),
            Middleware(LogContext),
            *api_middleware(hosts, settings.allowed_origins),
            Middleware(RequestDrain, requests=requests, is_closing=lambda: turns.is_closing),
            Middleware(CallLimits, quotas=quotas),
        ],
        exception_handlers={HTTPException: on_http_error, Exception: on_fault, **HANDLERS},
        lifespan=lifespan,
    )
    redirect_slashes(app.router)
    app.state.drain = drain.run
    return app


def _authenticator(settings: Settings) -> Authenticator | None:
    """None where nobody has to prove anything."""
    if settings.auth_header:
        return HeaderAuthenticator(settings.auth_header, settings.auth_proxy_ips)
    if not settings.takes_tokens:
        return None
    keys = Jwks(settings.auth_jwks_url) if settings.auth_jwks_url else Secret(settings.auth_jwt_secret)
    return JwtAuthenticator(keys, settings.auth_jwt_audience, settings.auth_jwt_issuer)


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


def _metrics(settings: Settings, worker: Worker, vitals: Vitals, turns: TurnRegistry) -> "Metrics | None":
    """None where nobody may ask for them."""
    if not settings.metrics_token:
        return None
    from service.web.metrics import Metrics  # noqa: PLC0415 - costs memory

    metrics = Metrics(settings.metrics_token, WorkerNumbers(worker), vitals)
    turns.observe = metrics.observe
    return metrics


def _cluster(settings: Settings, sessions: SessionRegistry, limiters: Limiters, sources: Sources) -> Cluster:
    """Processes with the same Dify app and the same Redis are one cluster."""
    if not settings.redis_url:
        return SingleProcess()
    from service.cluster.multi_process import MultiProcess  # noqa: PLC0415 - costs memory
    from service.cluster.redis_store import RedisStore  # noqa: PLC0415

    store = RedisStore(settings.redis_url, _redis_prefix(settings), settings.resume_window)
    return MultiProcess(store, sessions, limiters.divide, sources.heal)


def _redis_prefix(settings: Settings) -> str:
    app = hashlib.sha256(f"{settings.dify_api_url} {settings.dify_api_key}".encode()).hexdigest()[:8]
    return f"dify-live:{app}"


def _quotas(settings: Settings) -> Quotas:
    limits = Limits(**{name: getattr(settings, name) for name in Limits._fields})
    if not settings.redis_url:
        return Quotas(limits)
    from service.admission.shared_counts import SharedCounters, SharedLeases  # noqa: PLC0415 - costs memory
    from service.admission.shared_redis import SharedRedis  # noqa: PLC0415

    redis = SharedRedis(settings.redis_url, f"{_redis_prefix(settings)}:quotas")
    return Quotas(limits, lambda: SharedCounters(redis, own_counters()), SharedLeases(redis))


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
