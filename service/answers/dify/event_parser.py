"""Dify's events to the parts of an answer. No I/O."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from service.answers.base import Identity, Part, Replacement, Speech, Summary, Text
from service.answers.dify import progress_events
from service.answers.dify.error_mapping import MAX_MESSAGE_CHARACTERS, FailureDetails, plain_code
from service.answers.dify.progress_events import ProgressParser


class _Metadata(msgspec.Struct):
    usage: dict[str, Any] | None = None
    retriever_resources: list[Any] | None = None


class _Run(msgspec.Struct):
    status: str | None = None
    error: str | None = None


class _Event(msgspec.Struct):
    """The union of the fields in use."""

    event: str
    answer: str | None = None
    task_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    metadata: _Metadata | None = None
    data: _Run | None = None
    audio: str | None = None
    code: Any = None
    status: Any = None
    message: Any = None


_decode = msgspec.json.Decoder(_Event).decode

# Some versions label text deltas `message_file`.
_TEXT = frozenset({"message", "agent_message", "message_file"})
_UNDERSTOOD = _TEXT | {"message_replace", "message_end", "workflow_finished", "error"}


class EventParser:
    """The events of one answer. With `steps` and `speech`, it has parts of these kinds, too.

    `task_id` is for Dify's stop route; `usage` has tokens and prices. The answer is complete when it has `ended`, or
    was `stopped`; else there is a `failure`. Read on until the stream ends, or `only_speech_follows`, unasked for.
    """

    def __init__(self, *, steps: bool = False, speech: bool = False) -> None:
        self.task_id: str | None = None
        self.identity: Identity | None = None
        self.usage: dict[str, Any] | None = None
        self.ended = False
        self.stopped = False
        self.failure: FailureDetails | None = None
        self.only_speech_follows = False
        self._has_failed = False
        self._is_agent = False
        self._progress = ProgressParser() if steps else None
        self._wants_speech = speech
        self._spoken = 0
        self._is_summed_up = False

    @property
    def is_over(self) -> bool:
        """Dify said that it writes no more."""
        return self.ended or self.stopped or self._has_failed

    def parse(self, events: Iterable[bytes]) -> list[Part]:
        """The parts that these events add, adjacent texts joined."""
        parts: list[Part] = []
        text: list[str] = []
        for raw in events:
            event = self._decode_event(raw)
            if event is None:
                continue
            if self.identity is None:
                parts += self._identify(event)
            if event.event in _TEXT:
                text.append(self._text(event))
                continue
            parts += _joined(text)
            text.clear()
            parts += self._other(event)
            if self._progress is not None and event.event in progress_events.KINDS:
                parts += self._progress.parse(raw)
        return parts + _joined(text)

    def _decode_event(self, raw: bytes) -> _Event | None:
        """None for an unknown event. A known one of unknown shape is a failure, since it may have held text."""
        try:
            return _decode(raw)
        except (ValueError, RecursionError):
            pass
        try:
            return _decode_leniently(raw)
        except msgspec.ValidationError:
            if _event_name(raw) in _UNDERSTOOD:
                self._fail(FailureDetails(f"a {_event_name(raw)} event of unknown shape, {len(raw)} bytes"))
        except (ValueError, RecursionError):
            if raw.startswith(b"{"):
                self._fail(FailureDetails(f"an event that is no JSON, or nested too deeply, {len(raw)} bytes"))
        return None

    def _identify(self, event: _Event) -> list[Part]:
        self.task_id = self.task_id or event.task_id
        if not event.message_id:
            return []
        self.identity = Identity("dify", event.conversation_id, event.message_id)
        return [self.identity]

    def _text(self, event: _Event) -> str:
        if event.event == "agent_message":
            self._is_agent = True
        elif self._is_agent and event.event == "message":
            return ""  # newer agents close with a `message` that repeats the whole answer
        return event.answer or ""

    def _other(self, event: _Event) -> list[Part]:
        match event.event:
            case "message_replace":
                return [Replacement(event.answer or "")]
            case "message_end":
                return [self._end(event.metadata or _Metadata())]
            case "workflow_finished":
                self._finish_workflow(event.data or _Run())
            case "tts_message" if self._wants_speech and event.audio:
                self._spoken += 1
                return [Speech(self._spoken - 1, event.audio)]
            case "tts_message" if not self._wants_speech:
                self.only_speech_follows = self._is_summed_up
            case "error" if not self.ended:
                self._has_failed = True
                self._fail(_error_details(event))
        return []

    def _end(self, metadata: _Metadata) -> Summary:
        self.ended = self._is_summed_up = True
        self.usage = metadata.usage
        return Summary(metadata.usage, metadata.retriever_resources)

    def _finish_workflow(self, run: _Run) -> None:
        """A chatflow may fail without an `error` event."""
        match run.status:
            case "failed":
                self._has_failed = True
                self._fail(FailureDetails("a failed workflow", message=_message(run.error)))
            case "stopped":
                self.stopped = True
            case _:
                self.ended = True

    def _fail(self, details: FailureDetails) -> None:
        """Only the first is kept: it is the cause of the others."""
        self.failure = self.failure or details


def _error_details(event: _Event) -> FailureDetails:
    status = event.status if isinstance(event.status, int) else None
    return FailureDetails("an error event", status, plain_code(event.code), _message(event.message))


def _message(message: Any) -> str | None:
    return str(message)[:MAX_MESSAGE_CHARACTERS] if message else None


def _decode_leniently(raw: bytes) -> _Event:
    """With lone surrogates and invalid UTF-8, as of half an emoji, replaced by question marks."""
    event = json.loads(raw.decode(errors="replace"))
    return _decode(json.dumps(event, ensure_ascii=False).encode(errors="replace"))


def _event_name(raw: bytes) -> Any:
    event = json.loads(raw.decode(errors="replace"))
    return event.get("event") if isinstance(event, dict) else None


def _joined(text: list[str]) -> list[Part]:
    content = "".join(text)
    return [Text(content)] if content else []
