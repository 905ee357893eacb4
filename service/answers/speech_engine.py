"""Whose speech services an app is heard and spoken with, as the setting SPEECH says. No I/O."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import structs

from service.answers.base import Answer, Answerer, Question
from service.answers.pauses import Continuation


class SpeechEngine(StrEnum):
    """`auto` is the browser's recognition where that works, else Dify's; Dify's voice, else the browser's.

    With `dify` no browser maker's server hears or reads anything, with `browser` Dify neither; `off` is no voice.
    """

    AUTO = "auto"
    DIFY = "dify"
    BROWSER = "browser"
    OFF = "off"

    @property
    def uses_dify(self) -> bool:
        return self in {SpeechEngine.AUTO, SpeechEngine.DIFY}


class SpeechRules(msgspec.Struct, frozen=True):
    """What pages are told. `speculative`: a recording may be written down before it is certain that it is whole."""

    engine: SpeechEngine = SpeechEngine.AUTO
    speculative: bool = True


@dataclass(frozen=True, slots=True)
class UnspokenAnswerer:
    """Asks `answerer`; no client gets an answer spoken."""

    answerer: Answerer

    def ask(self, question: Question | Continuation) -> Answer:
        return self.answerer.ask(structs.replace(question, speech=False))
