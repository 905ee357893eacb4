"""Every message that the service sends. No I/O."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from service.answers.base import FileKind, StepEvent
from service.answers.pauses import FormAction, FormInput
from service.chat.messages import Message
from service.result_codes import ResultCode


class System(Message, frozen=True):
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


class Pong(Message, frozen=True):
    timestamp: int | float


class Resumed(Message, frozen=True):
    """A resume is taken: of turn `id` follows what comes after `offset`. It is `running`, or over."""

    id: str
    offset: int
    running: bool


class Heartbeat(Message, frozen=True):
    """To an idle client."""

    timestamp: int


class Error(Message, frozen=True):
    """With `id` it ends that turn; the connection stays open. `reason` is a stable word of the table of failures.

    `field` is the input that is missing or unfit. What passes has a `retry_after`, in milliseconds.
    """

    content: str
    code: ResultCode
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


class ChatDelta(Message, frozen=True, gc=False):
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


class ChatEvent(Message, frozen=True, kw_only=True, omit_defaults=True):
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


class ChatAudio(Message, frozen=True):
    """A piece of speech, in base64. Numbered from 0, since one may be repeated after a `resume`. The last is empty."""

    id: str
    number: int
    content: str
    media_type: Literal["audio/mpeg"] = "audio/mpeg"


class ChatFile(Message, frozen=True, omit_defaults=True):
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


class ChatAnswer(Message, frozen=True, kw_only=True, tag="chat"):
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
