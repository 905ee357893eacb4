"""What each kind of Dify's events adds to an answer. No I/O."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from service.answers.base import Identity, Part, Replacement, Speech, Summary, Text
from service.answers.dify import progress_events
from service.answers.dify.app_files import FileFinder
from service.answers.dify.error_mapping import MAX_MESSAGE_CHARACTERS, FailureDetails, plain_code
from service.answers.dify.event_fields import TEXT_DELTAS, Event, UnreadableText, decode_event, decode_fields
from service.answers.dify.forms import form_of, form_of_pause, next_form
from service.answers.dify.progress_events import ProgressParser
from service.answers.json_values import as_object
from service.answers.pauses import Form, Pause
from service.result_codes import ResultCode

_UNREAD = (
    TEXT_DELTAS
    | progress_events.KINDS
    | {"tts_message", "tts_message_end", "error", "ping", "text_replace"}
    | {"parallel_branch_started", "parallel_branch_finished"}
)
"""Known kinds, of which nothing (more) is read here."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAX_UNKNOWN_EVENTS = 20
_STOPPED = re.compile(r"Aborted(?!:)|Aborted:.*\bstop")
"""The error of a run that was stopped: since 1.13 its status is `failed`."""


class EventParser:
    """Reads the events of one answer. With `steps` and `speech`, it has parts of these kinds, too.

    `task_id` is what Dify's stop route wants; `usage` the tokens and prices. `has_started`: a workflow's first event
    came. `is_over`: Dify said that it writes no more, and how it ended: `ended`, the answer is whole; `stopped`,
    somebody stopped it; `pause`, a person is to decide; `failure`, and what is known of it. What follows then adds to
    the answer, until it `is_complete`: speech, if it `awaits_speech`. `written` is the text as it stands,
    in pieces.
    """

    def __init__(self, *, steps: bool = False, speech: bool = False, files: FileFinder | None = None) -> None:
        self.task_id: str | None = None
        self.run_id: str | None = None
        self.identity: Identity | None = None
        self.usage: dict[str, Any] | None = None
        self.has_started = False
        self.is_over = False
        self.ended = False
        self.stopped = False
        self.pause: Pause | None = None
        self.failure: FailureDetails | None = None
        self.awaits_speech = speech
        self.text_events = 0
        self.last_event: str | None = None
        self.unknown_events: list[str] = []
        self.written: list[str] = []
        self._files = files or FileFinder()
        self._has_failed = False
        self._is_agent = False
        self._progress = ProgressParser() if steps else None
        self._wants_speech = speech
        self._spoken = 0
        self._is_running = False  # a workflow: Dify said that it started, and not that it finished
        self._is_summed_up = False
        self._forms: list[Form] = []

    @property
    def has_spoken(self) -> bool:
        return self._spoken > 0

    @property
    def is_paused(self) -> bool:
        return self.pause is not None

    @property
    def is_complete(self) -> bool:
        """Over, and nothing that may still follow is of use."""
        if self._has_failed or self.is_paused:
            return True
        awaits_step = self._progress is not None and self._is_running
        return self.is_over and self._is_summed_up and not awaits_step and not self.awaits_speech

    def parse(self, events: Iterable[bytes]) -> list[Part]:
        """The parts that these events add to the answer, neighbouring texts joined to one."""
        parts: list[Part] = []
        text: list[str] = []
        for raw in events:
            event = self._decode(raw)
            if event is None:
                continue
            self.last_event = event.event
            if self.identity is None or (self.run_id is None and event.workflow_run_id):
                parts += self._identify(event)
            if event.event in TEXT_DELTAS and event.answer is not None:
                self.text_events += 1
                text.append(self._text(event, event.answer))
                continue
            parts += self._write(text)
            text.clear()
            parts += self._other(event, raw)
            if self._has_failed or self.is_paused:
                break
        return parts + self._write(text)

    def finish(self) -> list[Part]:
        """The parts that the end of the stream adds: a form, after which nothing was said."""
        return [self._pause(None)] if self._forms and not self.is_over else []

    def _decode(self, raw: bytes) -> Event | None:
        try:
            return decode_event(raw)
        except UnreadableText as error:
            self._fail(FailureDetails(str(error)))
            return None

    def _identify(self, event: Event) -> list[Part]:
        """Told anew when the run is known, too."""
        self.task_id = self.task_id or event.task_id
        self.run_id = self.run_id or event.workflow_run_id
        if self.identity is None and event.message_id:
            self.identity = Identity(
                "dify", event.conversation_id, event.message_id, task_id=self.task_id, run_id=self.run_id
            )
        elif self.identity is not None and self.run_id is not None:
            self.identity = structs.replace(self.identity, run_id=self.run_id)
        else:
            return []
        return [self.identity]

    def _text(self, event: Event, answer: str) -> str:
        if event.event == "agent_message":
            self._is_agent = True
        elif self._is_agent and event.event == "message":
            return ""  # newer agents close with a `message` that repeats the whole answer
        return answer

    def _write(self, text: list[str]) -> list[Part]:
        content = "".join(text)
        if not content:
            return []
        self.written.append(content)
        return [Text(content), *self._files.in_text(content)]

    def _replace(self, content: str) -> list[Part]:
        self.written = [content]
        self._files.restart()
        return [Replacement(content), *self._files.in_text(content)]

    def _other(self, event: Event, raw: bytes) -> list[Part]:
        parts = self._read(event, raw)
        if self._progress is not None and event.event in progress_events.KINDS:
            parts += self._progress.parse(raw)
        return parts

    def _read(self, event: Event, raw: bytes) -> list[Part]:
        match event.event:
            case "message_replace":
                return self._replace(event.answer or "")
            case "message_file":
                return [*self._files.in_event(decode_fields(raw))]
            case "message_end":
                return self._end(decode_fields(raw))
            case "workflow_paused":
                return [self._pause(form_of_pause(_data(raw)))]
            case "tts_message" | "tts_message_end" if self._wants_speech:
                self.awaits_speech = event.event == "tts_message"
                return self._speak(decode_fields(raw).get("audio") if self.awaits_speech else "")
            case "error" if not self.ended:
                self._take_error(decode_fields(raw))
            case kind:
                self._read_run(kind, raw)
        return []

    def _read_run(self, kind: str, raw: bytes) -> None:
        match kind:
            case "workflow_started":
                self.has_started = self._is_running = True
            case "workflow_finished":
                self._finish_run(_data(raw))
            case "human_input_required":
                self._forms.append(form_of(_data(raw)))
            case "human_input_form_filled" | "human_input_form_timeout":
                self._forms.clear()
            case _ if kind not in _UNREAD:
                self._note(kind)

    def _note(self, kind: str) -> None:
        is_new = kind not in self.unknown_events and len(self.unknown_events) < _MAX_UNKNOWN_EVENTS
        if is_new and _PLAIN_NAME.fullmatch(kind):
            self.unknown_events.append(kind)

    def _end(self, event: dict[str, Any]) -> list[Part]:
        self.is_over = self.ended = self._is_summed_up = True
        metadata = as_object(event.get("metadata"))
        self.usage = as_object(metadata.get("usage")) or None
        citations = metadata.get("retriever_resources")
        files = self._files.at_end(event.get("files"), is_run=self.run_id is not None)
        return [*files, Summary(self.usage, citations if isinstance(citations, list) else None)]

    def _finish_run(self, run: dict[str, Any]) -> None:
        """A failing chatflow says so here, sometimes without an `error` event."""
        error = str(run.get("error") or "")
        self._is_running, self.is_over = False, True
        match run.get("status"):
            case "failed" if not _STOPPED.match(error):
                self._has_failed = True
                self._fail(FailureDetails("a failed workflow", message=_message(error)))
            case "failed" | "stopped":
                self.stopped = True
            case _:
                self.ended = True

    def _pause(self, told: Form | None) -> Pause:
        self.is_over = True
        form = next_form([*self._forms, *([told] if told else [])])
        self.pause = Pause(form, self.run_id, self.task_id)
        return self.pause

    def _speak(self, audio: Any) -> list[Part]:
        if not isinstance(audio, str) or (self.awaits_speech and not audio):
            return []
        self._spoken += 1
        return [Speech(self._spoken - 1, audio)]

    def _take_error(self, event: dict[str, Any]) -> None:
        is_first = self.task_id is None and self.run_id is None and self.identity is None
        self.is_over = self._has_failed = True
        self._fail(_error_details(event, is_first=is_first))

    def _fail(self, failure: FailureDetails) -> None:
        """The first says most."""
        self.failure = self.failure or failure


def _error_details(event: dict[str, Any], *, is_first: bool) -> FailureDetails:
    code, status = event.get("code"), event.get("status")
    status = status if isinstance(status, int) else None
    is_refusal = is_first and not code and status is not None and status >= ResultCode.SERVER_ERROR
    return FailureDetails(
        "an error event", status, plain_code(code), _message(event.get("message")), is_refusal=is_refusal
    )


def _message(message: Any) -> str | None:
    return str(message)[:MAX_MESSAGE_CHARACTERS] if message else None


def _data(raw: bytes) -> dict[str, Any]:
    return as_object(decode_fields(raw).get("data"))
