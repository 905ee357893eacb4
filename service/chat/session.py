"""One connection: reads frames, starts and stops turns, writes frames."""

import asyncio
import random
import time
from typing import Protocol

import structlog
from msgspec import UNSET

from service.answers.base import Question
from service.chat import closing, owner, protocol
from service.chat.closing import Closing
from service.chat.delivery import Delivery
from service.chat.protocol import (
    BadFrame,
    Chat,
    Error,
    Ping,
    Pong,
    Resume,
    ServerFrame,
    Stop,
    System,
)
from service.chat.turn import ID_TAKEN, RESTARTING, Turn
from service.chat.turns import Turns
from service.codes import Code

log = structlog.get_logger()

SEND_TIMEOUT_SECONDS = 20
CLOSE_TIMEOUT_SECONDS = 1
MAX_RUNNING_TURNS = 8
UNKNOWN_TURN = "unknown_turn"
_TOO_MANY = f"{MAX_RUNNING_TURNS} answers are on their way already: wait for one, or stop it."


class Wire(Protocol):
    """The transport of one connection. Once that is over, each of these does nothing."""

    def write(self, message: bytes) -> bool:
        """Send at once; False where that would take waiting."""

    async def send(self, message: bytes) -> None: ...

    async def close(self, code: int, reason: str) -> None: ...

    def drop(self) -> None:
        """End the connection without a word: the peer reads none."""


class Session:
    """A client while it is connected. `write` and `send` are the only ways out.

    `last_seen` and `last_sign` are on the monotonic clock, in seconds: the client's last message, and the last sign of
    life in either direction. `is_announced`: other processes know that the client is here.
    """

    __slots__ = (
        "_answering",
        "_max_content_length",
        "_token",
        "_turns",
        "_wire",
        "client_id",
        "closed_by",
        "is_announced",
        "last_seen",
        "last_sign",
    )

    def __init__(self, client_id: str, wire: Wire, turns: Turns, max_content_length: int) -> None:
        self.client_id = client_id
        self.closed_by: Closing | None = None
        self.is_announced = False
        self.last_seen = self.last_sign = time.monotonic()
        self._wire = wire
        self._token = owner.new_token()
        self._turns = turns
        self._max_content_length = max_content_length
        self._answering: dict[Turn, asyncio.Task[None]] = {}

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
            await self._refuse(str(error), error.turn_id, "bad_frame")
            return
        match frame:
            case Ping(timestamp):
                await self.send(Pong(protocol.now() if timestamp is None else timestamp))
            case Chat():
                await self._ask(frame)
            case Stop(turn_id):
                self._stop(turn_id)
            case Resume():
                await self._resume(frame)

    def write(self, frame: ServerFrame) -> bool:
        """Send a frame at once; False where that would take waiting, or the connection is over."""
        return self.closed_by is None and self._wire.write(protocol.encode(frame))

    async def send(self, frame: ServerFrame) -> bool:
        """Send a frame. A client that does not take it in time is cut off as slow: False, as for one that is gone."""
        if self.closed_by is None and not self._wire.write(message := protocol.encode(frame)):
            patience = asyncio.get_running_loop().call_later(SEND_TIMEOUT_SECONDS, self._cut_off)
            try:
                await self._wire.send(message)
            finally:
                patience.cancel()
        return self.closed_by is None

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

    async def answered(self) -> None:
        """Wait until no answer of this process is on its way to this client: another's can be had elsewhere."""
        while own := [delivery for turn, delivery in self._answering.items() if not turn.is_relayed]:
            await asyncio.wait(own)

    async def end(self) -> None:
        """The connection is over; its turns go on for a while, since the client may come back for them."""
        deliveries = list(self._answering.values())
        for delivery in deliveries:
            delivery.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)

    async def _ask(self, chat: Chat) -> None:
        turn_id = chat.id or random.randbytes(8).hex()  # noqa: S311 - a name, no secret
        turn = self._turns.known(self._token, turn_id)
        if turn is None and self._turns.is_closing:
            await self.send(Error(RESTARTING.words, RESTARTING.code, turn_id, RESTARTING.reason))
        elif turn is None and self._has_too_many():
            await self.send(Error(_TOO_MANY, Code.TOO_MANY_REQUESTS, turn_id, "too_many_turns"))
        elif turn is None:
            self._answer(self._start(turn_id, chat), chat.stream)
        elif turn.is_about(chat.content):
            log.info("turn.joined", turn_id=turn_id)
            self._answer(turn, chat.stream)
        else:
            await self._refuse(ID_TAKEN.words, turn_id, ID_TAKEN.reason)

    def _has_too_many(self) -> bool:
        """Here or, of the same owner, elsewhere. What was stopped counts less, until it has ended."""
        running = self._turns.running(self._token)
        unstopped = [turn for turn in running if turn.status is None]
        return max(len(unstopped), len(self._answering), len(running) - MAX_RUNNING_TURNS) >= MAX_RUNNING_TURNS

    def _start(self, turn_id: str, chat: Chat) -> Turn:
        log.info("turn.started", turn_id=turn_id, characters=len(chat.content), stream=chat.stream)
        return self._turns.start(self._token, turn_id, self._question(chat))

    async def _refuse(self, words: str, turn_id: str | None, reason: str) -> None:
        """An error with an id ends that turn for the client: it has none where it would end one that goes on."""
        ended = UNSET if turn_id is None or self._is_answering(turn_id) else turn_id
        await self.send(Error(words, Code.PARAMETER_ERROR, ended, reason))

    async def _resume(self, resume: Resume) -> None:
        """What was asked on this connection so far stays its first token's; only what comes is the other's."""
        self._token = resume.token
        if resume.id is None:
            await self.send(System("Welcome back", resume_token=self._token))
        elif (turn := await self._turns.find(self._token, resume.id)) is not None:
            log.info("turn.resumed", turn_id=turn.id, offset=resume.offset)
            self._answer(turn, stream=True, offset=resume.offset)
        else:
            words = "There is no such answer to go on with: it is over, or somebody else's."
            await self.send(Error(words, Code.NOT_FOUND, resume.id, UNKNOWN_TURN))

    def _answer(self, turn: Turn, stream: bool, offset: int = 0) -> None:  # noqa: FBT001 - the client's own flag
        if turn in self._answering:
            return  # it is on its way
        turn.join()
        delivery = asyncio.create_task(self._deliver(Delivery(turn, self, stream, offset)))
        self._answering[turn] = delivery
        delivery.add_done_callback(lambda _: self._answered(turn))

    def _answered(self, turn: Turn) -> None:
        del self._answering[turn]
        turn.leave()

    def _is_answering(self, turn_id: str) -> bool:
        return any(turn.id == turn_id for turn in self._answering)

    def _question(self, chat: Chat) -> Question:
        return Question(
            content=chat.content,
            user=owner.user_of(self._token),
            conversation_id=chat.conversation_id,
            inputs=chat.inputs or {},
            files=chat.files or [],
            steps=chat.stream and chat.events,
            speech=chat.stream and chat.audio,
        )

    def _stop(self, turn_id: str | None) -> None:
        """Stopping what is over changes nothing: its terminal frame says how it ended."""
        for turn in {*self._answering, *self._turns.running(self._token)}:
            if turn_id in (None, turn.id):
                turn.stop("client_stopped")

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await delivery.run()
        except Exception:
            log.exception("delivery.failed")
            await self.close(closing.INTERNAL_ERROR)
