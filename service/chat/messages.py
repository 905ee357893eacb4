"""Every message, in and out; /docs calls them frames. No I/O.

JSON text, tagged by `type`; unknown fields are ignored. Timestamps are Unix milliseconds, offsets Unicode code points.
"""

import re
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from service.answers.base import FileKind, StepEvent
from service.answers.pauses import FormAction, FormInput
from service.result_codes import ResultCode

PROTOCOL = "1.0"
"""The frames' version, `major.minor`: a minor one only adds, and what a client of the same major does not know it may
ignore."""

TurnId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Token = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Offset = Annotated[int, Meta(ge=0)]
ConversationId = Annotated[str, Meta(max_length=64)]
Sealed = Annotated[str, Meta(max_length=65_536)]
Milliseconds = Annotated[int, Meta(ge=0, le=3_600_000)]


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=.)([A-Z])", r"_\1", name).lower()


class _Message(Struct, frozen=True, tag_field="type", tag=_snake_case):
    """The tag is the class name: ChatDelta is `chat_delta`."""


class Chat(_Message, frozen=True):
    """A question. `id` names the turn. `stream` asks for ChatDelta, `events` for ChatEvent, `audio` for ChatAudio."""

    content: str
    id: TurnId | None = None
    stream: bool = False
    conversation_id: ConversationId | None = None
    inputs: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    events: bool = False
    audio: bool = False


class Ping(_Message, frozen=True):
    """Answered by a pong with the same timestamp, or with the time of the service."""

    timestamp: int | float | None = None


class Stop(_Message, frozen=True):
    """End that turn, or every turn of this client."""

    id: TurnId | None = None


class Forget(_Message, frozen=True):
    """Stop all turns of that token, or else of the connection's own, and keep nothing of them.

    In place of its own token the connection gets a new one.
    """

    token: Token | None = None


class Resume(_Message, frozen=True):
    """From now on the connection is the token's: of its turn `id`, send what follows `offset`.

    `replacements` is that of the last delta that replaced the text, or 0: then the rest of the same text is enough.
    With a `continuation` instead of that: how the paused run went on, as turn `turn_id`.
    """

    token: Token
    id: TurnId | None = None
    offset: Offset = 0
    replacements: Offset | None = None
    continuation: Sealed | None = None
    turn_id: TurnId | None = None
    events: bool = False
    audio: bool = False


class Form(_Message, frozen=True, kw_only=True):
    """What a person decided in the form of the paused turn `id`; what follows is turn `turn_id`.

    The `continuation` is needed where turn `id` is not kept any more.
    """

    action: str
    inputs: dict[str, Any] = {}
    id: TurnId | None = None
    continuation: Sealed | None = None
    turn_id: TurnId | None = None
    stream: bool = False
    events: bool = False
    audio: bool = False


class Auth(_Message, frozen=True):
    """Who the client is: the first frame where its handshake did not say so, and later to renew its token."""

    token: str


class VoiceLatency(_Message, frozen=True):
    """How soon the person was answered whose speech turn `id` was, since its last loud moment."""

    id: TurnId
    silence_ms: Milliseconds | None = None
    transcript_ms: Milliseconds | None = None
    asked_ms: Milliseconds | None = None
    first_text_ms: Milliseconds | None = None
    first_audio_ms: Milliseconds | None = None

    def stages(self) -> dict[str, int]:
        """The times that are known, in milliseconds."""
        times = {name.removesuffix("_ms"): getattr(self, name) for name in self.__struct_fields__ if name != "id"}
        return {stage: time for stage, time in times.items() if time is not None}


ClientMessage = Chat | Ping | Stop | Forget | Resume | Form | Auth | VoiceLatency


def name_in(message: object) -> str | None:
    """The turn of which a reply to the message is: that which would follow a pause, or else the one it names."""
    return getattr(message, "turn_id", None) or getattr(message, "id", None)


class System(_Message, frozen=True):
    """A notice. The first message of a connection has `client_id` and `resume_token`, which is a secret.

    Before a restart (`reason` restarting) `retry_after` says when to reconnect, in milliseconds. With `id` it is about
    that turn. `reason` is a stable word; the user's token ends in `expires_in` milliseconds. The first message says the
    `protocol`, too.
    """

    content: str
    client_id: str | UnsetType = UNSET
    resume_token: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    protocol: str | UnsetType = UNSET


class Pong(_Message, frozen=True):
    timestamp: int | float


class Resumed(_Message, frozen=True):
    """A resume is taken: of turn `id` follows what comes after `offset`. It is `running`, or over."""

    id: str
    offset: int
    running: bool


class Heartbeat(_Message, frozen=True):
    """To an idle client."""

    timestamp: int


class Error(_Message, frozen=True):
    """With `id` it ends that turn; the connection stays open. `reason` is a stable word of the table of failures.

    `field` is the input that is missing or unfit. What passes has a `retry_after`, in milliseconds.
    """

    content: str
    code: ResultCode
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


class ChatDelta(_Message, frozen=True, gc=False):
    """The text of turn `id` that starts at `offset`; with `replace`, all before it is withdrawn.

    `replacements` counts how often that has happened; a client that resumes says it. A made-up answer says so from its
    first words on: `source`, and where a mock stands in, the `reason` for it.
    """

    id: str
    offset: int
    content: str
    replace: Literal[True] | UnsetType = UNSET
    replacements: int | UnsetType = UNSET
    source: Literal["mock"] | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class ChatEvent(_Message, frozen=True, kw_only=True, omit_defaults=True):
    """A Step of turn `id`."""

    id: str
    event: StepEvent
    step: str
    name: str | None = None
    kind: str | None = None
    status: str | None = None
    duration_ms: int | None = None
    content: str | None = None
    number: int | None = None


class ChatAudio(_Message, frozen=True):
    """A piece of speech, in base64. Numbered from 0, since one may be repeated after a `resume`. The last is empty."""

    id: str
    number: int
    content: str
    media_type: Literal["audio/mpeg"] = "audio/mpeg"


class ChatFile(_Message, frozen=True, omit_defaults=True):
    """A file that the app made in turn `id`; `url` is of this service, `link` what it is called in the text.

    One may be repeated after a `resume`. A delta with `replace` withdraws those with a `link`.
    """

    id: str
    kind: FileKind
    name: str
    url: str
    link: str | None = None


class FileOfAnswer(Struct, frozen=True, omit_defaults=True):
    kind: FileKind
    name: str
    url: str
    link: str | None = None


class AskedForm(Struct, frozen=True, omit_defaults=True):
    """A form to fill in. `content` is Markdown, in which `{{#$output.NAME#}}` is the place of an input."""

    content: str
    inputs: list[FormInput]
    actions: list[FormAction]
    expires_at: int | None = None


class ChatAnswer(_Message, frozen=True, kw_only=True, tag="chat"):
    """The whole answer of turn `id`, and its end. `reason` says why it is incomplete, paused or a mock's.

    A paused one has a `continuation`, and a `form` if that can be answered here.
    """

    role: Literal["assistant"] = "assistant"
    id: str
    status: str
    source: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    content: str
    conversation_id: str | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    usage: dict[str, Any] | UnsetType = UNSET
    citations: list[Any] | UnsetType = UNSET
    files: list[FileOfAnswer] | UnsetType = UNSET
    form: AskedForm | UnsetType = UNSET
    continuation: str | UnsetType = UNSET


ServerMessage = System | Pong | Resumed | Heartbeat | Error | ChatDelta | ChatEvent | ChatAudio | ChatFile | ChatAnswer

encode: Callable[[ServerMessage], bytes] = msgspec.json.Encoder().encode


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
