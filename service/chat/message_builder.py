"""Updates of a turn, and its end, as messages to its clients. No I/O."""

from msgspec import UNSET, structs

from service.answers.base import Speech, Step
from service.chat.answer_buffer import Delta, Update
from service.chat.messages import ChatAnswer, ChatAudio, ChatDelta, ChatEvent, Error
from service.chat.turn import Status, Turn


def update_message(turn: Turn, update: Update) -> ChatDelta | ChatEvent | ChatAudio:
    match update:
        case Delta():
            return ChatDelta(turn.id, update.offset, update.content, True if update.replace else UNSET)
        case Step():
            return ChatEvent(id=turn.id, **structs.asdict(update))
        case Speech(number, content):
            return ChatAudio(turn.id, number, content)


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
    )
