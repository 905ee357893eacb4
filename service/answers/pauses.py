"""Answers that wait for a person: the pause, its form, and how they go on. No I/O."""

from typing import Any

import msgspec

from service.answers.demand import Demand

FILE_INPUTS = {"file", "file-list"}
"""The types of inputs that take files, of a form and of an app."""


class FormInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field of a form: `type` is Dify's word for its kind, `default` what it holds at first.

    A `select` has `options`. A `file` or `file-list` takes `file_types` (Dify's words, `custom` means the `extensions`,
    with their dots) in number up to `max_files`.
    """

    name: str
    type: str
    default: Any = None
    options: list[str] = []
    file_types: list[str] = []
    extensions: list[str] = []
    max_files: int | None = None


class FormAction(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way to decide. `style` is Dify's word: primary, default, accent or ghost."""

    id: str
    title: str
    style: str


class Form(msgspec.Struct, frozen=True):
    """What a person is asked. `content` is Markdown, in which `{{#$output.NAME#}}` is the place of an input.

    `expires_at` is in Unix milliseconds. Who holds `token` may submit it: no client is told. Without one the form went
    out by e-mail.
    """

    content: str = ""
    inputs: list[FormInput] = []
    actions: list[FormAction] = []
    expires_at: int | None = None
    token: str | None = None


class Pause(msgspec.Struct, frozen=True, tag=True):
    """The last part of an answer that goes on when a person has decided. `run_id` and `task_id` are the source's.

    `length` (code points) and `checksum` are of the text that earlier turns had of this answer.
    """

    form: Form | None = None
    run_id: str | None = None
    task_id: str | None = None
    length: int = 0
    checksum: int = 0


class PausedRun(msgspec.Struct, frozen=True, array_like=True):
    """All that is needed to go on after a pause, days later too: what a continuation holds, sealed.

    `actions` and `inputs` are what the form takes, files among it if it `takes_files`; without a `form_token` it went
    out by e-mail. `length` and `checksum` are of all text of the answer so far. New fields are added at the end, with a
    default.
    """

    run_id: str
    task_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    form_token: str | None = None
    actions: list[str] = []
    inputs: list[str] = []
    expires_at: int | None = None
    length: int = 0
    checksum: int = 0
    takes_files: bool = False


class Decision(msgspec.Struct, frozen=True):
    """What a person decided: the action's id, and a value for each input of the form."""

    action: str
    inputs: dict[str, Any] = {}


class Continuation(msgspec.Struct, frozen=True):
    """Asks how a paused run goes on; with a `decision`, after it was submitted. `demand` says who waits for it."""

    run: PausedRun
    user: str
    decision: Decision | None = None
    steps: bool = False
    speech: bool = False
    demand: Demand | None = None

    @property
    def content(self) -> str:
        """By which the same continuation, asked for twice, is recognized."""
        return msgspec.json.encode(
            [self.run.run_id, self.run.form_token, self.decision], order="deterministic"
        ).decode()
