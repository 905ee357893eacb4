"""What the scripted Dify answers to each kind of question, and in which states such an answer may be seen."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Text:
    content: str


@dataclass(frozen=True)
class Replace:
    content: str


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Step:
    """What an agent thinks, which clients may ask for."""

    content: str


Event = Text | Replace | Pause | Ping | Step


@dataclass(frozen=True)
class Script:
    """`ending`: done, error (an event), reset (the connection is torn down), refused (HTTP 500), or stalled.

    The first `torn` tries are torn down before any reply. `is_stored`: Dify writes on where its caller has gone, and
    keeps the whole message.
    """

    kind: str
    events: tuple[Event, ...]
    ending: str = "done"
    torn: int = 0
    is_stored: bool = False

    @cached_property
    def generations(self) -> tuple[str, ...]:
        """The whole text between one replacement and the next."""
        texts = [""]
        for event in self.events:
            if isinstance(event, Replace):
                texts.append(event.content)
            elif isinstance(event, Text):
                texts[-1] += event.content
        return tuple(texts)

    @property
    def text(self) -> str:
        """In the end."""
        return self.generations[-1]

    @property
    def seconds(self) -> float:
        return sum(event.seconds for event in self.events if isinstance(event, Pause))

    def generation_of(self, text: str, at_least: int = 0) -> int | None:
        """The generation of which it is a prefix; None if it is no state of this answer, or of an earlier one."""
        for number in range(at_least, len(self.generations)):
            if self.generations[number].startswith(text):
                return number
        return None


def _words(generation: int, count: int, pause: float) -> list[Event]:
    """No word of one generation is in another, nor in the same one twice. Some are outside of the BMP."""
    return [event for n in range(count) for event in (Text(f"{generation}.{n}é𝄞 "), Pause(pause))]


def _script(kind: str, *parts: list[Event], **fields: object) -> Script:
    return Script(kind, tuple(event for part in parts for event in part), **fields)


def _replace(generation: int, count: int, pause: float) -> list[Event]:
    _, *rest = _words(generation, count, pause)
    return [Replace(f"{generation}.new "), *rest]


SCRIPTS = {
    script.kind: script
    for script in (
        _script("words", _words(0, 8, 0.05)),
        _script("burst", _words(0, 200, 0)),
        _script("slow", _words(0, 20, 0.15)),
        _script("endless", _words(0, 60, 0.1)),
        _script(
            "steps", *(part for n in range(4) for part in ([Step(f"thought {n}"), Ping()], _words(n * 10, 2, 0.1)))
        ),
        _script("late", [Ping(), Pause(0.5), Step("a thought"), Pause(0.5)], _words(0, 3, 0.05)),
        _script("replaced", _words(0, 6, 0.08), _replace(1, 6, 0.08)),
        _script("twice", _words(0, 5, 0.08), _replace(1, 5, 0.08), _replace(2, 8, 0.08)),
        _script("shorter", _words(0, 9, 0.05), [Replace("no"), Pause(0.3)]),
        _script("kept", _words(0, 12, 0.1), is_stored=True),
        _script("torn", _words(0, 5, 0.05), torn=1),
        _script("refused", [], ending="refused"),
        _script("broken", _words(0, 5, 0.05), ending="reset"),
        _script("healed", _words(0, 5, 0.05), ending="reset", is_stored=True),
        _script("failed", _words(0, 5, 0.05), ending="error"),
        _script("stalled", _words(0, 4, 0.05), ending="stalled"),
    )
}
