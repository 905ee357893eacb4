"""What the service is made of: all that lasts as long as it does, by its settings."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from service.admission.authentication import Authenticator
from service.admission.header_authenticator import HeaderAuthenticator
from service.admission.host_check import HostCheck
from service.admission.jwks import Jwks
from service.admission.jwt_authenticator import JwtAuthenticator, Secret
from service.admission.limit_table import Limits
from service.admission.quotas import Quotas, own_counters
from service.answer_sources import Limiters, Sources, sources_of
from service.chat.cluster import Cluster, SingleProcess
from service.chat.heartbeat import Supervisor
from service.chat.login import Login
from service.chat.seal import Seal
from service.chat.session_registry import SessionRegistry
from service.chat.turn_registry import TurnRegistry
from service.log_sinks import dropped_lines
from service.settings import Settings
from service.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Parts:
    """Without an `authenticator` nobody has to prove anything, and there is no `login`."""

    limiters: Limiters
    sources: Sources
    sessions: SessionRegistry
    cluster: Cluster
    quotas: Quotas
    seal: Seal
    turns: TurnRegistry
    supervisor: Supervisor
    hosts: HostCheck
    authenticator: Authenticator | None
    login: Login | None

    async def start(self, tasks: Tasks) -> None:
        await self.cluster.start()
        if self.authenticator is not None:
            tasks.spawn(self.authenticator.start())
        for part in (self.supervisor, self.cluster, self.quotas):
            tasks.spawn(part.run())

    async def close(self, tasks: Tasks) -> None:
        """What `start` spawned among the tasks ends in between: connections are over, and others can be told."""
        await self.turns.close()
        await self.sessions.close()
        await tasks.finish(within=0)
        if self.authenticator is not None:
            await self.authenticator.close()
        await asyncio.gather(self.cluster.close(), self.quotas.close(), self.sources.close())  # each takes its time

    def counts(self) -> dict[str, Any]:
        """For /health."""
        return {
            "connections": len(self.sessions),
            **({"unauthenticated": len(self.login.waiting)} if self.login is not None else {}),
            "turns": len(self.turns),
            **self.turns.counts(),
            **self.cluster.counts(),
            **self.quotas.counts(),
            "log_lines_dropped": dict(dropped_lines),
            **(self.limiters.answers.counts() if self.sources.breaker is not None else {}),  # not in mock mode
        }


def parts_of(settings: Settings) -> Parts:
    limiters = Limiters(settings)
    sources = sources_of(settings, limiters)
    sessions = SessionRegistry(settings.max_connections)
    cluster = _cluster(settings, sessions, limiters, sources)
    seal = Seal(settings.dify_api_key)
    authenticator = _authenticator(settings)
    return Parts(
        limiters=limiters,
        sources=sources,
        sessions=sessions,
        cluster=cluster,
        quotas=_quotas(settings),
        seal=seal,
        turns=TurnRegistry(
            sources.answerer,
            cluster,
            seal,
            orphan_grace=settings.orphan_grace,
            resume_window=settings.resume_window,
        ),
        supervisor=Supervisor(sessions, settings.websocket_heartbeat_interval, settings.websocket_heartbeat_timeout),
        hosts=HostCheck(settings.allowed_hosts),
        authenticator=authenticator,
        login=Login(authenticator, settings.max_content_length) if authenticator is not None else None,
    )


def _authenticator(settings: Settings) -> Authenticator | None:
    if settings.auth_header:
        return HeaderAuthenticator(settings.auth_header, settings.auth_proxy_ips)
    if not settings.takes_tokens:
        return None
    keys = Jwks(settings.auth_jwks_url) if settings.auth_jwks_url else Secret(settings.auth_jwt_secret)
    return JwtAuthenticator(keys, settings.auth_jwt_audience, settings.auth_jwt_issuer)


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
