"""What a client asks on its connection: turns are started, joined, resumed and stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

import structlog
from msgspec import UNSET, structs

from service.admission.caller import Caller
from service.admission.quotas import UNLIMITED, Quotas, Refusal
from service.answers.base import Question
from service.answers.pauses import Continuation
from service.chat.authentication import Authentication
from service.chat.chat_failures import BAD_FRAME
from service.chat.client_identity import Origin, Owner, new_name, new_token, owner_of
from service.chat.client_messages import Auth, Chat, ClientMessage, Forget, Form, Ping, Resume, Stop, VoiceLatency
from service.chat.connected import Connected
from service.chat.connection import Connection
from service.chat.deliveries import Deliveries
from service.chat.delivery import Delivery
from service.chat.error_frames import error_of, error_of_refusal
from service.chat.message_parser import MAX_INPUTS_LENGTH, BadMessage, parse
from service.chat.messages import PROTOCOL, now_ms
from service.chat.paused_turns import continuation_of
from service.chat.running_turn import RunningTurn, total_tokens
from service.chat.server_messages import Error, Pong, System
from service.chat.turn import Turn
from service.chat.turn_failures import ID_TAKEN, MAX_RUNNING_TURNS, RESTARTING, TOO_MANY_TURNS, UNKNOWN_TURN, Refused
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import CLIENT_STOPPED, Kind, kind_of

log = structlog.get_logger()

FORGOTTEN = "forgotten"


class _Request(NamedTuple):
    """A turn that is asked for. The client `may_resume` it where it has named it.

    `is_resume`: it asks how a paused answer went on.
    """

    turn_id: str
    question: Question | Continuation
    stream: bool
    may_resume: bool
    is_resume: bool

    @property
    def offset(self) -> int | None:
        return 0 if self.stream else None


@dataclass(slots=True, eq=False, weakref_slot=True)
class Session(Connection):
    """A client while it is connected.

    `last_received` and `last_activity` are seconds on the monotonic clock: the client's last message, and the last one
    in either direction; `heard_at` is the client's last message, too, and nothing else moves it. `on_identified`, the
    gateway's, is called when a token has said which client this is: then the newest connection of a client has the
    greatest `number`, in all processes. The first token is known to nobody who might be told. `opened_at` is in Unix
    seconds.
    """

    client_id: str
    caller: Caller
    turns: TurnRegistry
    max_content_length: int
    quotas: Quotas = UNLIMITED
    max_inputs_length: int = MAX_INPUTS_LENGTH
    authentication: Authentication | None = None
    on_identified: Callable[["Session"], None] = lambda _: None
    id: str = field(default_factory=new_name)
    number: int = 0
    opened_at: float = field(default_factory=time.time)
    heard_at: float = 0.0
    last_received: float = field(default_factory=time.monotonic)
    last_activity: float = field(default_factory=time.monotonic)
    owner: Owner = field(init=False)
    _token: str = field(default_factory=new_token)
    _deliveries: Deliveries = field(default_factory=Deliveries)
    _asked: set[RunningTurn] = field(default_factory=set)
    _has_resumed: bool = False

    def __post_init__(self) -> None:
        self.owner = owner_of(self._token, self.caller.subject)

    @property
    def is_busy(self) -> bool:
        return bool(self._deliveries)

    def describe(self) -> Connected:
        peer = self.transport.describe()
        since, answers, under_way = round(self.opened_at * 1000), self._deliveries.begun, len(self._deliveries)
        return Connected(self.client_id, self.caller.subject, since, *peer, answers, under_way)

    async def greet(self) -> None:
        await self.send(System("Connected to chat server", self.client_id, self._token, protocol=PROTOCOL))

    async def receive(self, data: str | bytes) -> None:
        """Act on a message of the client. Answers are delivered by tasks of their own."""
        if self.close_code is not None:
            return
        try:
            await self._act(parse(data, self.max_content_length, self.max_inputs_length))
        except BadMessage as error:
            turn_id, field = error.turn_id or UNSET, error.field or UNSET
            await self._refuse(Error(str(error), BAD_FRAME.code, turn_id, BAD_FRAME.reason, field))

    async def _act(self, message: ClientMessage) -> None:
        match message:
            case Ping(timestamp):
                await self.send(Pong(now_ms() if timestamp is None else timestamp))
            case Chat():
                await self._ask(message.id, self._question_of(message), stream=message.stream)
            case Stop(turn_id):
                self._stop(turn_id)
            case Forget(token):
                await self._forget(token or self._token)
            case Resume():
                await self._resume(message)
            case Form():
                await self._go_on(message, stream=message.stream)
            case VoiceLatency():
                self.turns.measure(self.owner, message)
            case Auth(token) if self.authentication is not None:
                await self.authentication.renew(token)
            case Auth():
                await self.send(System("No token is asked for here."))
            case _:
                assert_never(message)

    def _question_of(self, chat: Chat) -> Question:
        return Question(
            content=chat.content,
            user=self.owner.user,
            conversation_id=chat.conversation_id,
            inputs=self.caller.inputs(chat.inputs),
            files=chat.files or [],
            steps=chat.stream and chat.events,
            speech=chat.stream and chat.audio,
        )

    async def _ask(
        self, turn_id: str | None, question: Question | Continuation, *, stream: bool, is_resume: bool = False
    ) -> None:
        asked = _Request(turn_id or new_name(), question, stream, turn_id is not None, is_resume)
        if (turn := self.turns.get(self.owner, asked.turn_id)) is not None:
            await self._join(turn, asked)
        elif self.turns.is_closing:
            await self.send(error_of(RESTARTING, asked.turn_id))
        elif self._has_too_many():
            await self.send(error_of(TOO_MANY_TURNS, asked.turn_id))
        else:
            await self._admit(asked)

    def _has_too_many(self) -> bool:
        """On this connection, under whatever token, or of this owner; stopped ones too, while their source is read."""
        running = len(self.turns.running(self.owner))
        return max(running, len(self._asked), len(self._deliveries)) >= MAX_RUNNING_TURNS

    async def _join(self, turn: Turn, asked: _Request) -> None:
        if turn.is_same_question(asked.question.content):
            log.info("turn.joined", turn_id=turn.id)
            self._answer(turn, asked.offset, may_resume=asked.may_resume, is_resume=asked.is_resume)
        else:
            await self._refuse(error_of(ID_TAKEN, turn.id))

    async def _admit(self, asked: _Request) -> None:
        """Unless a limit is hit. To look at what another turn asked for is no question."""
        quotas = UNLIMITED if kind_of(asked.question) is Kind.LOOK else self.quotas
        admitted = await quotas.admit_question(self.caller, self.owner.user)
        if isinstance(admitted, Refusal):
            await self.send(error_of_refusal(admitted, asked.turn_id))
            return
        turn: RunningTurn | None = None
        try:
            turn = await self._start(asked)
        finally:
            if turn is None:
                admitted.end(tokens=0)
            else:
                turn.when_read(lambda: admitted.end(total_tokens(turn)))

    async def _start(self, asked: _Request) -> RunningTurn | None:
        """None where it has begun elsewhere while quotas and Redis were asked, or where nothing begins any more."""
        other = await self.turns.claim(self.owner, asked.turn_id, asked.question.content)
        if other is not None:
            await self._join(other, asked)
            return None
        if self.turns.is_closing:
            await self.send(error_of(RESTARTING, asked.turn_id))
            return None
        log.info("turn.started", turn_id=asked.turn_id, characters=len(asked.question.content), stream=asked.stream)
        origin = Origin(self.id, self.caller.address)
        turn = self.turns.start(self.owner, asked.turn_id, asked.question, origin)
        self._asked.add(turn)
        turn.when_read(lambda: self._asked.discard(turn))
        self._answer(turn, asked.offset, may_resume=asked.may_resume, is_resume=asked.is_resume)
        return turn

    def _answer(
        self, turn: Turn, offset: int | None, *, may_resume: bool, is_resume: bool, replacements: int | None = None
    ) -> None:
        """Send what is written after `offset`, as it comes; without one, the answer as a whole."""
        delivery = Delivery(turn, self, self.turns.seal, offset, replacements, is_resume)
        self._deliveries.begin(delivery, may_resume=may_resume)

    def _stop(self, turn_id: str | None) -> None:
        stopped = [turn for turn in {*self._deliveries, *self.turns.running(self.owner)} if turn_id in (None, turn.id)]
        for turn in stopped:
            turn.stop(CLIENT_STOPPED)
        if turn_id is None or not stopped:
            self.turns.stop_elsewhere(self.owner, turn_id)

    async def _resume(self, resume: Resume) -> None:
        """What was asked on this connection before stays the first token's."""
        self._has_resumed = True
        self._identify(resume.token)
        if resume.continuation is not None:
            await self._go_on(resume, stream=True)
        elif resume.id is None:
            await self.send(System("Welcome back", resume_token=self._token))
        elif (turn := await self.turns.find(self.owner, resume.id)) is not None:
            log.info("turn.resumed", turn_id=turn.id, offset=resume.offset)
            self._answer(turn, resume.offset, may_resume=True, is_resume=True, replacements=resume.replacements)
        else:
            await self.send(error_of(UNKNOWN_TURN, resume.id))

    async def _go_on(self, frame: Form | Resume, *, stream: bool) -> None:
        """What follows a pause is a turn of its own."""
        try:
            continuation = await continuation_of(frame, self.owner, self.turns)
        except Refused as refused:
            await self._refuse(error_of(refused.failure, frame.turn_id or frame.id))
        else:
            await self._ask(frame.turn_id, continuation, stream=stream, is_resume=isinstance(frame, Resume))

    async def _forget(self, token: str) -> None:
        """Who goes on here is another client from now on, if it was this connection's token."""
        self.turns.forget_all(owner_of(token, self.caller.subject))
        log.info("client.forgotten")
        if token == self._token:
            self._identify(new_token())
        await self.send(System("All of that is forgotten.", resume_token=self._token, reason=FORGOTTEN))

    def _identify(self, token: str) -> None:
        self._token = token
        self.owner = owner_of(token, self.caller.subject)
        self.on_identified(self)

    async def _refuse(self, error: Error) -> None:
        """With an id, an error ends that turn for the client: there is none while a turn of that id is answered."""
        is_answered = any(turn.id == error.id for turn in self._deliveries)
        await self.send(structs.replace(error, id=UNSET) if is_answered else error)

    async def wait_answered(self) -> None:
        """Until no answer of this process is on its way to this client."""
        await self._deliveries.wait_own()

    async def end(self, *, is_goodbye: bool) -> None:
        """The connection is over. Its turns go on for a while if the client may come back for them.

        By a `resume` it has shown that it knows how to; a lost connection says nothing of what its client wants.
        """
        self._deliveries.cancel(for_good=is_goodbye and not self._has_resumed)
        if self.authentication is not None:
            await self.authentication.end()
        await self._deliveries.wait_all()
