"""One connection: reads frames, starts and stops turns, writes frames."""

import asyncio
import secrets
import time
from contextlib import aclosing
from typing import Protocol

import structlog
from msgspec import UNSET

from service.answers.base import Question
from service.chat import closing, owner, protocol
from service.chat.closing import Closing
from service.chat.protocol import BadFrame, Chat, ChatAnswer, ChatDelta, Error, Ping, Pong, ServerFrame, Stop, System
from service.chat.turn import Delta, Status, Turn, Turns
from service.codes import Code

log = structlog.get_logger()

SEND_TIMEOUT_SECONDS = 20
CLOSE_TIMEOUT_SECONDS = 1
MAX_RUNNING_TURNS = 8


class Wire(Protocol):
    """The transport of one connection. Once that is over, each of these does nothing."""

    async def send(self, message: str) -> None: ...

    async def close(self, code: int, reason: str) -> None: ...

    def drop(self) -> None:
        """End the connection without a word: the peer reads none."""


class Session:
    """A client while it is connected. `send` is the only way out.

    `last_seen` and `last_sign` are on the monotonic clock, in seconds: the client's last message, and the last sign of
    life in either direction.
    """

    __slots__ = (
        "_answering",
        "_asked",
        "_max_content_length",
        "_token",
        "_turns",
        "_wire",
        "client_id",
        "closed_by",
        "last_seen",
        "last_sign",
    )

    def __init__(self, client_id: str, wire: Wire, turns: Turns, max_content_length: int) -> None:
        self.client_id = client_id
        self.closed_by: Closing | None = None
        self.last_seen = self.last_sign = time.monotonic()
        self._wire = wire
        self._token = owner.new_token()
        self._turns = turns
        self._max_content_length = max_content_length
        self._answering: dict[Turn, asyncio.Task[None]] = {}
        self._asked: list[Turn] = []  # a turn that was stopped is read to its end, and counts until then

    @property
    def is_busy(self) -> bool:
        """Whether an answer is on its way to this client."""
        return bool(self._answering)

    async def greet(self) -> None:
        await self.send(System("Connected to chat server", self.client_id, self._token))

    async def receive(self, message: str | bytes) -> None:
        """Act on one message of the client. Returns soon: answers are written beside it."""
        if self.closed_by is not None:
            return
        try:
            frame = protocol.parse(message, self._max_content_length)
        except BadFrame as error:
            ended = UNSET if error.turn_id is None or self._is_answering(error.turn_id) else error.turn_id
            await self.send(Error(str(error), Code.PARAMETER_ERROR, ended))
            return
        match frame:
            case Ping(timestamp):
                await self.send(Pong(protocol.now() if timestamp is None else timestamp))
            case Chat():
                await self._ask(frame)
            case Stop(turn_id):
                self._stop(turn_id)

    async def send(self, frame: ServerFrame) -> None:
        """Write a frame; a client that does not take it in time is cut off as slow."""
        if self.closed_by is not None:
            return
        patience = asyncio.get_running_loop().call_later(SEND_TIMEOUT_SECONDS, self._cut_off)
        try:
            await self._wire.send(protocol.encode(frame))
        finally:
            patience.cancel()

    async def close(self, closed_by: Closing) -> None:
        """Say why, and close. What the client is owed after that is lost; whoever comes second changes nothing."""
        if self.closed_by is not None:
            return
        self.closed_by = closed_by
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self._wire.send(protocol.encode(System(closed_by.reason)))
                await self._wire.close(closed_by.code, closed_by.reason)
        except TimeoutError:
            self._wire.drop()

    def _cut_off(self) -> None:
        """No close frame would get through: it would wait behind what the client does not read."""
        if self.closed_by is None:
            self.closed_by = closing.SLOW
            self._wire.drop()

    async def end(self) -> None:
        """The connection is over: nobody reads what is still being written."""
        answering, self._answering = self._answering, {}
        for turn, delivery in answering.items():
            delivery.cancel()
            turn.stop("client_left")
        await asyncio.gather(*answering.values(), return_exceptions=True)

    async def _ask(self, chat: Chat) -> None:
        turn_id = chat.id or secrets.token_hex(8)
        if self._is_answering(turn_id):
            return  # the answer to this very question is on its way
        self._asked = [turn for turn in self._asked if not turn.reading.done()]
        if len(self._asked) >= MAX_RUNNING_TURNS:
            words = f"{MAX_RUNNING_TURNS} answers are on their way already: wait for one, or stop it."
            await self.send(Error(words, Code.TOO_MANY_REQUESTS, turn_id))
            return
        log.info("turn.started", turn_id=turn_id, characters=len(chat.content), stream=chat.stream)
        turn = self._turns.start(turn_id, self._question(chat))
        self._asked.append(turn)
        self._answering[turn] = asyncio.create_task(self._deliver(turn, chat.stream))

    def _is_answering(self, turn_id: str) -> bool:
        return any(turn.id == turn_id for turn in self._answering)

    def _question(self, chat: Chat) -> Question:
        return Question(
            content=chat.content,
            user=owner.user_of(self._token),
            conversation_id=chat.conversation_id,
            inputs=chat.inputs or {},
            files=chat.files or [],
        )

    def _stop(self, turn_id: str | None) -> None:
        """Stopping what is over changes nothing: its terminal frame says how it ended."""
        for turn in self._answering:
            if turn_id in (None, turn.id):
                turn.stop("client_stopped")

    async def _deliver(self, turn: Turn, stream: bool) -> None:  # noqa: FBT001 - the client's own flag
        try:
            if stream:
                async with aclosing(turn.follow()) as deltas:
                    async for delta in deltas:
                        await self.send(_delta_frame(turn, delta))
            else:
                await turn.ended()
            await self.send(_terminal_frame(turn))
        except Exception:
            log.exception("delivery.failed")
            await self.close(closing.INTERNAL_ERROR)
        finally:
            self._answering.pop(turn, None)


def _delta_frame(turn: Turn, delta: Delta) -> ChatDelta:
    return ChatDelta(turn.id, delta.offset, delta.content, replace=True if delta.replace else UNSET)


def _terminal_frame(turn: Turn) -> ChatAnswer | Error:
    identity, failure = turn.identity, turn.failure
    if turn.status is Status.ERROR and failure is not None:
        return Error(failure.words, failure.code, turn.id, failure.reason)
    if identity and not failure:
        failure = identity.instead_of
    return ChatAnswer(
        content=turn.text,
        id=turn.id,
        status=str(turn.status),
        source=identity.source if identity else UNSET,
        reason=failure.reason if failure else UNSET,
        conversation_id=(identity and identity.conversation_id) or UNSET,
        message_id=(identity and identity.message_id) or UNSET,
        usage=turn.summary.usage or UNSET,
        citations=turn.summary.citations or UNSET,
    )
