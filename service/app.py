"""create_app(settings): the only place where parts are wired together."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute

from service import __version__, logs
from service.answers.around import AroundChat
from service.answers.base import Answerer
from service.answers.breaker import CircuitBreaker
from service.answers.dify import DifyClient
from service.answers.dify_answers import DifyAnswerer
from service.answers.dify_around import DifyAroundChat
from service.answers.fallback import CarefulAnswerer, DegradingAnswerer
from service.answers.line import WaitingLine
from service.answers.mock import COMMAND, MockAnswerer
from service.answers.mock_around import MockAroundChat
from service.answers.patience import Timeouts
from service.chat.drain import Drain
from service.chat.gateway import Gateway
from service.chat.heartbeat import Supervisor
from service.chat.peers import Alone, Peers
from service.chat.roster import Roster
from service.chat.turns import Turns
from service.settings import Settings, SettingsError, read_settings
from service.tasks import Tasks
from service.web.api import HANDLERS, Api
from service.web.operations import Operations
from service.web.origins import origin_middleware
from service.web.pages import Pages
from service.web.replies import fail, on_fault, on_http_error

log = structlog.get_logger()


def create_app(settings: Settings, at_end: Callable[[], None] | None = None) -> Starlette:
    """The whole service; `at_end` is called when all of it has stopped."""
    line = _line(settings)
    answerer, around = _sources(settings, line)
    roster = Roster(settings.max_connections)
    peers = _peers(settings, roster, line)
    turns = Turns(answerer, peers, orphan_grace=settings.orphan_grace, resume_window=settings.resume_window)
    supervisor = Supervisor(roster, settings.websocket_heartbeat_interval, settings.websocket_heartbeat_timeout)
    gateway = Gateway(
        roster,
        turns,
        peers.enter,
        allowed_origins=settings.allowed_origins,
        max_content_length=settings.max_content_length,
        refuse=fail,
    )

    drain = Drain(roster, turns, settings.drain_timeout)
    operations = Operations(
        settings.mode,
        lambda: {"connections": len(roster), "turns": len(turns), **turns.counts(), **peers.counts()},
        answerer.check,
        lambda: turns.is_closing,
        degrades=settings.degrade_to_mock,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = Tasks()
        await peers.start()
        tasks.spawn(supervisor.run())
        tasks.spawn(peers.run())
        if not settings.mock_mode:
            tasks.spawn(_announce(answerer))
        else:
            why = "asked for by MOCK_MODE" if settings.dify_api_key else "DIFY_API_KEY is not set"
            log.warning("service.mock_mode", why=why)
        log.info("service.started", version=__version__, mode=settings.mode, settings=settings.masked())
        try:
            yield
        finally:
            await turns.close()
            await tasks.finish(within=0)
            await peers.close()
            await around.close()
            await answerer.close()
            log.info("service.stopped", **turns.counts())
            if at_end is not None:
                at_end()

    app = Starlette(
        routes=[
            WebSocketRoute("/ws/chat", gateway.chat),
            WebSocketRoute("/ws/chat/{client_id}", gateway.chat),
            WebSocketRoute("/{path:path}", gateway.nowhere),
            *Pages(settings).routes(),
            *operations.routes(),
            *Api(around, settings.max_content_length).routes(),
        ],
        middleware=origin_middleware(settings.allowed_origins),
        exception_handlers={HTTPException: on_http_error, Exception: on_fault, **HANDLERS},
        lifespan=lifespan,
    )
    app.state.drain = drain.run
    return app


async def _announce(answerer: Answerer) -> None:
    """Say at start what would else be noticed at the first question."""
    failure = await answerer.check()
    if failure is None:
        log.info("dify.ready")
    else:
        log.error("dify.not_ready", reason=failure.reason, cause=failure.cause)


def _sources(settings: Settings, line: WaitingLine) -> tuple[Answerer, AroundChat]:
    """Where answers come from, and what is around the chat. Only answers degrade to a mock."""
    if settings.mock_mode:
        reason = f"This service runs in mock mode, and no Dify app was asked. Type `{COMMAND} help` for more."
        mock = MockAnswerer(reason, settings.mock_tokens_per_second, commands=True)
        return mock, MockAroundChat(settings.app_name)
    dify = dify_answerer(settings)
    return _careful(dify, settings, line), DifyAroundChat(dify.client, _line(settings), _line(settings))


def _careful(dify: DifyAnswerer, settings: Settings, line: WaitingLine) -> Answerer:
    breaker = CircuitBreaker(settings.dify_breaker_failures, settings.dify_breaker_rest)
    careful = CarefulAnswerer(dify, line, breaker, settings.dify_retry_budget)
    if not settings.degrade_to_mock:
        return careful
    return DegradingAnswerer(careful, lambda failure: MockAnswerer(failure.words, settings.mock_tokens_per_second))


def _peers(settings: Settings, roster: Roster, line: WaitingLine) -> Peers:
    """Processes that ask the same Dify app by the same Redis are one fleet."""
    if not settings.redis_url:
        return Alone()
    from service.fleet.fleet import Fleet  # noqa: PLC0415 - Redis costs memory, only where it is used
    from service.fleet.store import Store  # noqa: PLC0415

    app = hashlib.sha256(f"{settings.dify_api_url} {settings.dify_api_key}".encode()).hexdigest()[:8]
    store = Store(settings.redis_url, f"dify-live:{app}", settings.resume_window)
    return Fleet(store, roster, line.share)


def _line(settings: Settings) -> WaitingLine:
    return WaitingLine(settings.dify_max_concurrency, settings.dify_max_waiting, settings.dify_wait_timeout)


def dify_answerer(settings: Settings) -> DifyAnswerer:
    timeouts = Timeouts(
        connect=settings.dify_connect_timeout,
        first_event=settings.dify_first_event_timeout,
        idle=settings.dify_idle_timeout,
        total=settings.dify_total_timeout,
    )
    client = DifyClient(settings.dify_api_url, settings.dify_api_key, timeouts.connect, timeouts.idle)
    return DifyAnswerer(client, timeouts)


def __getattr__(name: str) -> Any:
    """`uvicorn service.app:app` gets its app here; importing this module reads no environment."""
    if name != "app":
        raise AttributeError(name)
    try:
        settings = read_settings()
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    # uvicorn ends itself by the signal that it caught, without another chance to write the log out.
    return create_app(settings, at_end=logs.configure(settings))
