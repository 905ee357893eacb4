"""Question, the parts of an answer, failures; the interface of a source. No I/O."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from service.answers.demand import Demand
from service.answers.pauses import Continuation, Pause
from service.result_codes import ResultCode

Source = Literal["dify", "mock"]
StepEvent = Literal[
    "workflow_started",
    "workflow_finished",
    "node_started",
    "node_finished",
    "tool_started",
    "tool_finished",
    "thought_started",
    "thought_finished",
    "node_retry",
    "iteration_started",
    "iteration_next",
    "iteration_completed",
    "loop_started",
    "loop_next",
    "loop_completed",
    "text_chunk",
]
FileKind = Literal["image", "audio", "video", "document"]


class Question(msgspec.Struct, frozen=True):
    """What is asked, and for which user.

    `user` scopes conversations, files and stops at Dify; `conversation_id` continues a conversation of the same user.
    With `steps` and `speech`, the answer has parts of these kinds, if the source has them.
    `demand` says who waits for it.
    """

    content: str
    user: str
    conversation_id: str | None = None
    inputs: dict[str, Any] = {}
    files: list[dict[str, Any]] = []
    steps: bool = False
    speech: bool = False
    demand: Demand | None = None


class Failure(msgspec.Struct, frozen=True):
    """One way to fail: a row of the table in `failures.py`.

    `reason` is a stable word, which a page can translate; `code` and `message` go to the client; `cause` is for
    operators. `is_retryable` and `trips_breaker` are meant before the first event; what `may_be_question`'s fault trips
    the breaker only when it happens to several callers, and what `may_be_input`'s not where there are inputs or files.
    Only the client can correct a client error: no fallback. A client may try the same again `again_after` seconds;
    None is final: the same again fails again. `field` is the input that it is about, if any.
    """

    reason: str
    code: ResultCode
    message: str
    cause: str
    is_retryable: bool = False
    trips_breaker: bool = False
    may_be_question: bool = False
    may_be_input: bool = False
    is_client_error: bool = False
    again_after: int | None = None
    field: str | None = None


class Identity(msgspec.Struct, frozen=True, tag=True):
    """Where the answer comes from: known before any text; told anew where more of it is known.

    `instead_of` is the failure for which a mock stands in. `task_id` and `run_id` are the source's own, no client's;
    without a `task_id` it is not stopped. `length` (code points) and `checksum` are of the text that earlier turns had
    of this answer.
    """

    source: Source
    conversation_id: str | None = None
    message_id: str | None = None
    instead_of: Failure | None = None
    task_id: str | None = None
    run_id: str | None = None
    length: int = 0
    checksum: int = 0


class Text(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The next piece of the answer."""

    content: str


class Replacement(msgspec.Struct, frozen=True, tag=True):
    """All text so far is withdrawn; this replaces it (moderation)."""

    content: str


class Step(msgspec.Struct, frozen=True, tag=True):
    """What the source does on its way to the answer. `step` identifies what starts and finishes.

    `name` is its title or tool, `kind` the kind of a node, `status` how it ended, `content` the thought, or the text of
    a `text_chunk`; `number` counts retries from 1, rounds of an iteration or a loop from 0.
    """

    event: StepEvent
    step: str
    name: str | None = None
    kind: str | None = None
    status: str | None = None
    duration_ms: int | None = None
    content: str | None = None
    number: int | None = None


class Speech(msgspec.Struct, frozen=True, tag=True):
    """A piece of the answer, spoken: MP3 in base64, numbered from 0. An empty one says that all was spoken."""

    number: int
    content: str


class Summary(msgspec.Struct, frozen=True, tag=True):
    """What is known at the end. `usage` and `citations` are Dify's own objects, unchanged."""

    usage: dict[str, Any] | None = None
    citations: list[Any] | None = None


class Queued(msgspec.Struct, frozen=True, tag=True):
    """The question waits in the source's own queue, behind others; any other part ends that."""


class AppFile(msgspec.Struct, frozen=True, tag=True):
    """A file that the app made. `url` is this service's own, without its origin.

    `link` is the destination of the link in the text that names it, exactly as it stands there.
    """

    kind: FileKind
    name: str
    url: str
    link: str | None = None


Part = Identity | Text | Replacement | Step | Speech | Summary | Pause | Queued | AppFile
OnPart = Callable[[Part], None]


class BrokenAnswer(msgspec.Struct, frozen=True):
    """An answer that nobody reads any more, because of `failure`, while its source may go on: what is known of it.

    `user` asked for it; `written` is the text that came.
    """

    identity: Identity
    user: str
    written: str
    failure: Failure


class AnswerError(Exception):
    """The source failed; details are in the log only. `is_midway`: text of the answer came before."""

    def __init__(self, failure: Failure, *, is_midway: bool = False) -> None:
        super().__init__(failure.reason)
        self.failure = failure
        self.is_midway = is_midway


STOPPED_ELSEWHERE = "stopped_elsewhere"


class AnswerStopped(Exception):
    """The answer was stopped through another turn or process, or before it began; the message is the reason, if known.

    STOPPED_ELSEWHERE: its source says only that somebody asked for it.
    """


class Answer(Protocol):
    async def stream(self, on_part: OnPart) -> None:
        """Call `on_part` with each part. Called once; raises AnswerError, also where the source breaks off midway.

        A pause is a proper end: `stream` returns after that part. A callback, since an asynchronous iterator would add
        several task switches to each word.
        """

    async def stop(self) -> None:
        """Tell the source to stop. Never raises. `stream` returns when the source has ended.

        Returns when the source was told: with Dify not before its first event.
        """


class Answerer(Protocol):
    def ask(self, question: Question | Continuation) -> Answer: ...
