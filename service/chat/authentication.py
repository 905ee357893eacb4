"""Who a connection has proved to be, and until when; and what is said where that is not believed."""

import asyncio
import time
from typing import Protocol

import structlog

from service.admission.authentication import Reason, Tokens, Unauthenticated
from service.admission.caller import Caller, Principal
from service.admission.jwt_authenticator import LEEWAY_SECONDS
from service.answers.base import Failure
from service.chat import close_codes
from service.chat.close_codes import CloseCode
from service.chat.error_frames import error_of
from service.chat.server_messages import ServerMessage, System
from service.result_codes import ResultCode
from service.tasks import Tasks

log = structlog.get_logger()

NOTICE_SECONDS = 60
"""Before a token ends; half of what is left, where that is less."""
RENEWAL_SECONDS = 1
"""A connection has one token looked at in that time: a signature costs up to 1 ms of CPU."""
LONGEST_SLEEP_SECONDS = 3600
"""A machine that was suspended notices after this that time has gone on."""
TOKEN_EXPIRING, TOKEN_RENEWED = "token_expiring", "token_renewed"

MISSING = Failure(
    Reason.MISSING,
    ResultCode.UNAUTHORIZED,
    "Who are you? Please sign in: nothing came that says it, no token and no word of a proxy.",
    "nothing proves who asks: no Authorization: Bearer, no subprotocol, no auth frame; no AUTH_HEADER of a proxy",
)
INVALID = Failure(
    Reason.INVALID,
    ResultCode.UNAUTHORIZED,
    "This token is not valid here: get a new one.",
    "not signed by the key of the settings, for another app, without sub or exp, several at once: the log says it",
)
EXPIRED = Failure(
    Reason.EXPIRED,
    ResultCode.UNAUTHORIZED,
    "This token has expired: get a new one.",
    f"exp was more than {LEEWAY_SECONDS} seconds ago",
)
UNAVAILABLE = Failure(
    Reason.UNAVAILABLE,
    ResultCode.UNAVAILABLE,
    "No token can be checked at the moment: try again a little later.",
    "the keys of AUTH_JWKS_URL could not be read yet",
    again_after=60,
)
CROWDED = Failure(
    Reason.CROWDED,
    ResultCode.UNAVAILABLE,
    "Too many connections are waiting for their tokens: try again a little later, or send it with the handshake.",
    "a newer connection took its place: a hundred wait for their tokens, or five of the same address",
    again_after=60,
)
FAILURES = (MISSING, INVALID, EXPIRED, UNAVAILABLE, CROWDED)
_BY_REASON = {failure.reason: failure for failure in FAILURES}


class Client(Protocol):
    """The part of a session that a token changes."""

    caller: Caller

    async def send(self, message: ServerMessage) -> bool: ...

    async def close(self, close_code: CloseCode) -> None: ...


def failure_of(error: Unauthenticated) -> Failure:
    """Logs why: a client is told the reason only."""
    log.warning("token.refused", reason=error.reason, why=error.why)
    return _BY_REASON[error.reason]


def close_code_of(failure: Failure) -> CloseCode:
    is_user_s = failure.code is ResultCode.UNAUTHORIZED
    return close_codes.UNAUTHENTICATED if is_user_s else close_codes.TRY_AGAIN_LATER._replace(reason=failure.message)


class Authentication:
    """Ends a connection with its user's token, unless a newer one of the same user comes in time."""

    def __init__(self, tokens: Tokens, client: Client) -> None:
        self._tokens = tokens
        self._client = client
        self._tasks = Tasks()
        self._renewed_at = -float("inf")
        self._newest: str | None = None  # waits for its turn
        self._watch = self._tasks.spawn(self._end_with(client.caller.principal))

    async def renew(self, token: str) -> None:
        """A token that is refused changes nothing; that of another user ends the connection.

        Of several within RENEWAL_SECONDS the first counts, and the last one, a little later.
        """
        left = self._renewed_at + RENEWAL_SECONDS - time.monotonic()
        if self._newest is None and left <= 0:
            await self._take(token)
            return
        if self._newest is None:
            self._tasks.spawn(self._take_newest(left))
        self._newest = token

    async def _take_newest(self, delay: float) -> None:
        await asyncio.sleep(delay)
        if (token := self._newest) is not None:
            self._newest = None
            await self._take(token)

    async def _take(self, token: str) -> None:
        self._renewed_at = time.monotonic()
        try:
            principal = await self._tokens.verify(token)
        except Unauthenticated as error:
            await self._client.send(error_of(failure_of(error)))
            return
        if principal.subject != self._client.caller.subject:
            other = Unauthenticated(Reason.INVALID, "it is of another user than that of the connection")
            await self._client.send(error_of(failure_of(other)))
            await self._client.close(close_codes.UNAUTHENTICATED)
            return
        self._client.caller = self._client.caller._replace(principal=principal)
        self._watch.cancel()
        self._watch = self._tasks.spawn(self._end_with(principal))
        await self._client.send(System("The new token is taken.", reason=TOKEN_RENEWED))

    async def end(self) -> None:
        """The connection is over."""
        await self._tasks.finish(within=0)

    async def _end_with(self, principal: Principal | None) -> None:
        if principal is None or (expires_at := principal.expires_at) is None:
            return
        left = max(0.0, expires_at - time.time())
        await _sleep_until(expires_at - min(NOTICE_SECONDS, left / 2))
        left_ms = max(0, round((expires_at - time.time()) * 1000))
        words = "The token ends soon: send a new one, or the connection ends with it."
        await self._client.send(System(words, reason=TOKEN_EXPIRING, expires_in=left_ms))
        await _sleep_until(expires_at + LEEWAY_SECONDS)
        await self._client.close(close_codes.UNAUTHENTICATED)


async def _sleep_until(moment: float) -> None:
    """Unix seconds."""
    while (left := moment - time.time()) > 0:  # noqa: ASYNC110 - no event tells what the clock says
        await asyncio.sleep(min(left, LONGEST_SLEEP_SECONDS))
