"""Updates of a turn, and its end, as messages to its clients. No I/O."""

import re

from msgspec import UNSET, UnsetType, structs

from service.answers.base import AppFile, Identity, Speech, Step
from service.answers.pauses import Pause
from service.chat.answer_buffer import Delta, Update
from service.chat.error_frames import error_of
from service.chat.paused_turns import paused_run
from service.chat.seal import Seal
from service.chat.server_messages import (
    AskedForm,
    ChatAnswer,
    ChatAudio,
    ChatDelta,
    ChatEvent,
    ChatFile,
    Error,
    FileOfAnswer,
    Resumed,
    System,
)
from service.chat.turn import Turn
from service.chat.turn_status import CLIENT_STOPPED, Status

BROKE_OFF = "[The answer broke off here.]"
WAS_STOPPED = "[The answer was stopped here.]"
WAITS = "[The answer goes on when a person has decided.]"
_PLACE = re.compile(r"\{\{#\$output\.(.+?)#\}\}")


def update_message(turn: Turn, update: Update) -> ChatDelta | ChatEvent | ChatAudio | ChatFile:
    match update:
        case Delta():
            message = ChatDelta(turn.id, update.offset, update.content)
            if update.replace:
                message = structs.replace(message, replace=True, replacements=update.replacements)
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


def resumed_message(turn: Turn, offset: int) -> Resumed:
    return Resumed(turn.id, offset, running=turn.status is None)


def terminal_message(turn: Turn, seal: Seal, *, says_status: bool) -> ChatAnswer | Error:
    """`says_status`: to a client that may know `content` only, a last paragraph tells that the answer is not whole.

    Of a lost turn this is the last word, too, but no end.
    """
    if turn.lost_for is not None:
        return error_of(turn.lost_for, turn.id)
    identity, failure = turn.identity, turn.failure
    if turn.status is Status.ERROR and failure is not None:
        return error_of(failure, turn.id)
    if identity and not failure:
        failure = identity.instead_of
    return ChatAnswer(
        content=_content(turn) if says_status else turn.text,
        id=turn.id,
        status=str(turn.status),
        source=identity.source if identity else UNSET,
        reason=(failure.reason if failure else turn.reason) or UNSET,
        conversation_id=(identity and identity.conversation_id) or UNSET,
        message_id=(identity and identity.message_id) or UNSET,
        usage=turn.summary.usage or UNSET,
        citations=turn.summary.citations or UNSET,
        files=[FileOfAnswer(**structs.asdict(file)) for file in turn.buffer.files] or UNSET,
        form=_form(turn.pause),
        continuation=_continuation(turn, seal),
    )


def _content(turn: Turn) -> str:
    match turn.status:
        case Status.INCOMPLETE:
            last = BROKE_OFF
        case Status.PAUSED:
            last = _form_text(turn.pause)
        case Status.STOPPED if turn.reason != CLIENT_STOPPED:
            last = WAS_STOPPED
        case _:
            return turn.text
    return f"{turn.text.rstrip()}\n\n{last}".lstrip()


def _form_text(pause: Pause | None) -> str:
    form = _form(pause)
    return _PLACE.sub(r"[\1]", form.content).strip() or WAITS if form else WAITS


def _form(pause: Pause | None) -> AskedForm | UnsetType:
    """What went out by e-mail is not answered here."""
    form = pause.form if pause else None
    if form is None or form.token is None:
        return UNSET
    return AskedForm(form.content, form.inputs, form.actions, form.expires_at)


def _continuation(turn: Turn, seal: Seal) -> str | UnsetType:
    run = paused_run(turn)
    return seal.seal(run, turn.owner.user) if run is not None else UNSET
