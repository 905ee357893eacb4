"""Paused turns, and the frames by which they go on."""

import zlib

from service.answers.base import Failure
from service.answers.pauses import FILE_INPUTS, Continuation, Decision, Form, PausedRun
from service.chat.client_identity import Owner
from service.chat.client_messages import Form as FormMessage
from service.chat.client_messages import Resume, name_in
from service.chat.message_parser import BadMessage
from service.chat.turn import Turn
from service.chat.turn_failures import Refused
from service.chat.turn_registry import TurnRegistry
from service.chat.turn_status import Status
from service.result_codes import ResultCode
from service.tasks import wait_within

FOLLOWED_SECONDS = 3
"""How long a turn of another process is waited for."""

CONTINUATION_INVALID = Failure(
    "continuation_invalid",
    ResultCode.PARAMETER_ERROR,
    "This continuation is not valid here.",
    "not made by this service with the same DIFY_API_KEY, or for another resume_token",
)
FORM_BY_EMAIL = Failure(
    "form_by_email",
    ResultCode.BUSINESS_ERROR,
    "This form went out by e-mail, and is answered there.",
    "a form frame for a pause whose form is not told here",
)
NOT_PAUSED = Failure(
    "not_paused",
    ResultCode.NOT_FOUND,
    "There is no such answer that waits for a person.",
    "a form frame without continuation, for a turn that is not kept any more, or not paused",
)
FAILURES = (CONTINUATION_INVALID, FORM_BY_EMAIL, NOT_PAUSED)


def paused_run(turn: Turn) -> PausedRun | None:
    """What goes on after the turn's pause; None if the source did not say what."""
    pause, identity = turn.pause, turn.identity
    if turn.status is not Status.PAUSED or pause is None or pause.run_id is None:
        return None
    form, text = pause.form or Form(), turn.text
    return PausedRun(
        run_id=pause.run_id,
        task_id=pause.task_id,
        conversation_id=identity.conversation_id if identity else None,
        message_id=identity.message_id if identity else None,
        form_token=form.token,
        actions=[action.id for action in form.actions],
        inputs=[field.name for field in form.inputs],
        expires_at=form.expires_at,
        length=pause.length + len(text),
        checksum=zlib.crc32(text.encode(errors="replace"), pause.checksum),
        takes_files=any(field.type in FILE_INPUTS for field in form.inputs),
    )


async def continuation_of(frame: FormMessage | Resume, owner: Owner, turns: TurnRegistry) -> Continuation:
    """Raises Refused, and BadMessage for a decision that the form does not take."""
    run = await _run_of(frame, owner, turns)
    decision, streams = None, True
    if isinstance(frame, FormMessage):
        _check(frame, run)
        decision, streams = Decision(frame.action, frame.inputs), frame.stream
    return Continuation(run, owner.user, decision, streams and frame.events, streams and frame.audio)


async def _run_of(frame: FormMessage | Resume, owner: Owner, turns: TurnRegistry) -> PausedRun:
    if frame.continuation is not None:
        run = turns.seal.open(frame.continuation, owner.user)
        if run is None:
            raise Refused(CONTINUATION_INVALID)
        return run
    turn = await turns.find(owner, frame.id) if frame.id is not None else None
    if turn is not None and not turn.is_current:
        await _catch_up(turn)
    if turn is None or (run := paused_run(turn)) is None:
        raise Refused(NOT_PAUSED)
    return run


async def _catch_up(turn: Turn) -> None:
    turn.join(may_resume=False)
    await wait_within(FOLLOWED_SECONDS, turn.wait_ended())
    turn.leave()


def _check(frame: FormMessage, run: PausedRun) -> None:
    """By what is known of the form; Dify checks the rest."""
    if run.form_token is None:
        raise Refused(FORM_BY_EMAIL)
    if run.actions and frame.action not in run.actions:
        words = f"action: the form has no such action; it has {', '.join(run.actions)}."
        raise BadMessage(words, name_in(frame), "action")
    missing = [name for name in run.inputs if name not in frame.inputs]
    if missing:
        words = f"inputs: the form asks for {', '.join(missing)}, too."
        raise BadMessage(words, name_in(frame), missing[0])
