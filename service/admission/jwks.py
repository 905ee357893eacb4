"""AUTH_JWKS_URL: the keys of an identity provider, fetched when they are needed, and kept."""

import asyncio
import time
from typing import Any

import aiohttp
import structlog

from service.admission.authentication import Reason, Unauthenticated
from service.admission.web_keys import ALGORITHMS, NoKeys, WebKey, fitting, read_keys
from service.outbound import proxy_of_environment, tls_context
from service.tasks import Tasks

log = structlog.get_logger()

FETCH_TIMEOUT_SECONDS = 5
MAX_BYTES = 256 * 1024
LIFETIME_SECONDS = 600
"""Older keys are used on while new ones are fetched: a key that the provider withdraws is refused soon after."""
PAUSE_SECONDS = 60
"""Between two fetches: strangers can name keys that do not exist."""
PAUSE_WITHOUT_KEYS_SECONDS = 2

FETCH_ERRORS = (aiohttp.ClientError, OSError, NoKeys)
"""TimeoutError is an OSError."""


class Jwks:
    """Tokens that come while the keys are fetched wait for the same fetch. While that fails, the last keys are used."""

    algorithms = ALGORITHMS

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: list[WebKey] = []
        self._read_at = self._tried_at = -float("inf")
        self._fetching: asyncio.Task[None] | None = None
        self._tasks = Tasks()
        self._is_failing = False

    async def find(self, algorithm: str, kid: str | None) -> Any:
        """The public key. Raises Unauthenticated."""
        if time.monotonic() - self._read_at > LIFETIME_SECONDS:
            self._fetch()
        if not (found := fitting(self._keys, algorithm, kid)):
            await self.refresh()
            found = fitting(self._keys, algorithm, kid)
        if not self._keys:
            raise Unauthenticated(Reason.UNAVAILABLE, "the keys of AUTH_JWKS_URL are not known")
        if len(found) != 1:
            why = "several keys fit, and it names none" if found else f"no key for {algorithm} of that name"
            raise Unauthenticated(Reason.INVALID, why)
        return found[0].key

    async def refresh(self) -> None:
        """Fetch the keys, unless that was tried a short while ago."""
        if (fetching := self._fetch()) is not None:
            await asyncio.wait({fetching})

    async def close(self) -> None:
        await self._tasks.finish(within=0)

    def _fetch(self) -> asyncio.Task[None] | None:
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        if time.monotonic() - self._tried_at < (PAUSE_SECONDS if self._keys else PAUSE_WITHOUT_KEYS_SECONDS):
            return None
        self._tried_at = time.monotonic()
        self._fetching = self._tasks.spawn(self._update())
        return self._fetching

    async def _update(self) -> None:
        try:
            self._keys = await self.download()
        except FETCH_ERRORS as error:
            if not self._is_failing:
                log.error("auth.keys_not_read", error=f"{type(error).__name__}: {error}"[:200], kept=len(self._keys))  # noqa: TRY400 - no stack
            self._is_failing = True
        else:
            self._read_at, self._is_failing = time.monotonic(), False
            log.info("auth.keys_read", keys=len(self._keys))

    async def download(self) -> list[WebKey]:
        """What the provider shows now. Raises one of FETCH_ERRORS."""
        return read_keys(await self._read())

    async def _read(self) -> bytes:
        """A redirect is not followed: it could lead anywhere."""
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_SECONDS)
        ssl, proxy = tls_context() if self._url.startswith("https:") else True, proxy_of_environment(self._url) or None
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(self._url, allow_redirects=False, ssl=ssl, proxy=proxy) as reply,
        ):
            if reply.status != 200:  # noqa: PLR2004 - HTTP's own
                raise NoKeys(f"HTTP status {reply.status}")
            try:
                await reply.content.readexactly(MAX_BYTES + 1)
            except asyncio.IncompleteReadError as whole:
                return whole.partial
            raise NoKeys(f"it is larger than {MAX_BYTES} bytes")
