"""Updates of a turn, and its end, as messages to its clients. No I/O."""

from msgspec import UNSET, structs

from service.answers.base import AppFile, Identity, Speech, Step
from service.chat.answer_buffer import Delta, Update
from service.chat.messages import ChatAnswer, ChatAudio, ChatDelta, ChatEvent, ChatFile, Error, FileOfAnswer, System
from service.chat.turn import Status, Turn


def update_message(turn: Turn, update: Update) -> ChatDelta | ChatEvent | ChatAudio | ChatFile:
    match update:
        case Delta():
            message = ChatDelta(turn.id, update.offset, update.content, True if update.replace else UNSET)
            return _labelled(message, turn.identity)
        case Step():
            return ChatEvent(id=turn.id, **structs.asdict(update))
        case Speech(number, content):
            return ChatAudio(turn.id, number, content)
        case AppFile():
            return ChatFile(turn.id, **structs.asdict(update))


def _labelled(message: ChatDelta, identity: Identity | None) -> ChatDelta:
    """Every piece of a mock's text, since any may be the first that a client gets."""
    if identity is None or identity.source != "mock":
        return message
    reason = identity.instead_of.reason if identity.instead_of else UNSET
    return structs.replace(message, source="mock", reason=reason)


def queued_message(turn: Turn) -> System:
    return System("The assistant is busy with others: your question waits for its turn.", id=turn.id)


def terminal_message(turn: Turn) -> ChatAnswer | Error:
    identity, failure = turn.identity, turn.failure
    if turn.status is Status.ERROR and failure is not None:
        return Error(failure.message, failure.code, turn.id, failure.reason)
    if identity and not failure:
        failure = identity.instead_of
    return ChatAnswer(
        content=turn.text,
        id=turn.id,
        status=str(turn.status),
        source=identity.source if identity else UNSET,
        reason=(failure.reason if failure else turn.reason) or UNSET,
        conversation_id=(identity and identity.conversation_id) or UNSET,
        message_id=(identity and identity.message_id) or UNSET,
        usage=turn.summary.usage or UNSET,
        citations=turn.summary.citations or UNSET,
        files=[FileOfAnswer(**structs.asdict(file)) for file in turn.buffer.files] or UNSET,
    )
