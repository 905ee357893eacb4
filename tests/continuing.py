"""What is asked of a run that paused after DRAFT, and what is answered."""

import zlib

from service.answers.pauses import Continuation, Decision, PausedRun

YES = Decision("approve", {"comment": "good"})
DRAFT = "Draft. "


def kept(run, text=DRAFT, **changes):
    """What a continuation holds of a run."""
    known = {"run_id": run.id, "task_id": run.task_id, "conversation_id": run.conversation_id}
    known |= {"message_id": run.message_id, "form_token": "t0"}
    return PausedRun(**known | {"length": len(text), "checksum": zlib.crc32(text.encode())} | changes)


async def parts_of(answerer, run, decision=None):
    parts = []
    await answerer.ask(Continuation(run, "user", decision)).stream(parts.append)
    return parts
