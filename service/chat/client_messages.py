"""Every message that a client sends. No I/O."""

from typing import Annotated, Any

from msgspec import Meta

from service.chat.messages import Message

TurnId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Token = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Offset = Annotated[int, Meta(ge=0)]
ConversationId = Annotated[str, Meta(max_length=64)]
Sealed = Annotated[str, Meta(max_length=65_536)]
Milliseconds = Annotated[int, Meta(ge=0, le=3_600_000)]


class Chat(Message, frozen=True):
    """A question. `id` names the turn. `stream` asks for ChatDelta, `events` for ChatEvent, `audio` for ChatAudio."""

    content: str
    id: TurnId | None = None
    stream: bool = False
    conversation_id: ConversationId | None = None
    inputs: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    events: bool = False
    audio: bool = False


class Ping(Message, frozen=True):
    """Answered by a pong with the same timestamp, or with the time of the service."""

    timestamp: int | float | None = None


class Stop(Message, frozen=True):
    """End that turn, or every turn of this client."""

    id: TurnId | None = None


class Forget(Message, frozen=True):
    """Stop all turns of that token, or else of the connection's own, and keep nothing of them.

    In place of its own token the connection gets a new one.
    """

    token: Token | None = None


class Resume(Message, frozen=True):
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


class Form(Message, frozen=True, kw_only=True):
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


class Auth(Message, frozen=True):
    """Who the client is: the first frame where its handshake did not say so, and later to renew its token."""

    token: str


class VoiceLatency(Message, frozen=True):
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
