"""The start of a connection where users prove who they are: by its handshake, or by an `auth` frame soon after."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from service.admission.authentication import Authenticator, Reason, Scope, Tokens, Unauthenticated
from service.admission.caller import Principal
from service.admission.unauthenticated import Waiting
from service.answers.base import Failure
from service.chat.authentication import MISSING, Authentication, Client, close_code_of, failure_of
from service.chat.client_messages import Auth, ClientMessage, Ping, name_in
from service.chat.connection import Transport, say_and_close
from service.chat.error_frames import error_of
from service.chat.message_parser import BadMessage, parse
from service.chat.messages import PROTOCOL, now_ms
from service.chat.server_messages import Pong, ServerMessage, System, encode
from service.chat.turn_failures import Refused

LOGIN_SECONDS = 10


class Handshake(Transport, Protocol):
    """It becomes a connection when it is accepted."""

    @property
    def scope(self) -> Scope: ...

    @property
    def counted_address(self) -> str | None: ...

    async def accept(self) -> None: ...

    async def receive(self) -> str | bytes | None: ...


@dataclass(frozen=True, slots=True)
class Login:
    authenticator: Authenticator
    max_content_length: int
    waiting: Waiting = field(default_factory=Waiting)

    async def run(self, handshake: Handshake, client_id: str) -> Principal | None:
        """Accepts the handshake. None where the connection is over. Raises Refused."""
        try:
            principal = await self.authenticator.identify(handshake.scope)
        except Unauthenticated as error:
            failure = failure_of(error)
            if not error.by_close:
                raise Refused(failure) from None
            await handshake.accept()
            await _close(handshake, failure)
            return None
        if principal is None and (tokens := self.authenticator.tokens) is not None:
            return await self._wait_for_token(handshake, client_id, tokens)
        await handshake.accept()
        return principal

    def watch(self, client: Client) -> Authentication | None:
        """Of who has logged in; None where no token has an end."""
        tokens = self.authenticator.tokens
        return Authentication(tokens, client) if tokens is not None else None

    async def _wait_for_token(self, handshake: Handshake, client_id: str, tokens: Tokens) -> Principal | None:
        await handshake.accept()
        timer = asyncio.timeout(LOGIN_SECONDS)
        with self.waiting.place(handshake.counted_address, lambda: _end(timer)) as place:
            try:
                async with timer:
                    await _send(handshake, System("Send your token in an auth frame.", client_id, protocol=PROTOCOL))
                    return await self._authenticate(handshake, tokens)
            except TimeoutError:
                failure = failure_of(_displaced() if place.is_lost else _too_late())
            except Unauthenticated as error:
                failure = failure_of(error)
        await _close(handshake, failure)
        return None

    async def _authenticate(self, handshake: Handshake, tokens: Tokens) -> Principal | None:
        """There is no service before the token but pongs. Raises Unauthenticated."""
        while (data := await handshake.receive()) is not None:
            match self._parse(data):
                case Auth(token):
                    return await tokens.verify(token)
                case Ping(timestamp):
                    await _send(handshake, Pong(now_ms() if timestamp is None else timestamp))
                case message:
                    await _send(handshake, error_of(MISSING, name_in(message)))
        return None

    def _parse(self, data: str | bytes) -> ClientMessage | BadMessage:
        try:
            return parse(data, self.max_content_length)
        except BadMessage as error:
            return error


def _end(timer: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # it has ended
        timer.reschedule(0)


def _displaced() -> Unauthenticated:
    return Unauthenticated(Reason.CROWDED, "none yet, and a newer connection needed its place")


def _too_late() -> Unauthenticated:
    return Unauthenticated(Reason.MISSING, f"none within {LOGIN_SECONDS} seconds")


async def _send(handshake: Handshake, message: ServerMessage) -> None:
    await handshake.send(encode(message))


async def _close(handshake: Handshake, failure: Failure) -> None:
    """Say why first."""
    await say_and_close(handshake, error_of(failure), close_code_of(failure))
