"""When each word was in the microphone, and so what speech recognition can know of a recording. Pure."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from tests.bench.voice.corpus import Word

MISSABLE = 0.3  # of a word: one of which more is missing is not recognised
MARKS = re.compile(r"[.,;:!?，。？！、；：]+")
END_MARKS = re.compile(r"[.!?。？！]+\s*$")
STYLES = ("written", "stopped", "unmarked")
"""What marks recognition sets: as they are written, an end mark only where the utterance's own end was heard; a full
stop behind all that it returns, as Whisper does; none."""


class Placed(NamedTuple):
    word: Word
    utterance: int  # a number that tells it from the others
    is_last: bool


@dataclass(frozen=True)
class _Run:
    """Words that follow each other."""

    words: list[Placed]


class Timeline:
    """Times are seconds since the microphone began."""

    def __init__(self):
        self._placed = []
        self._count = 0

    def add(self, words, begins):
        """Words, whose own times begin at this one."""
        self._count += 1
        for word in words:
            moved = word._replace(begins=word.begins + begins, ends=word.ends + begins)
            self._placed.append(Placed(moved, self._count, word is words[-1]))

    def transcript(self, pieces, style):
        """What is heard in pieces of the microphone's sound: the words that lie in them, and no others."""
        runs = [[placed for placed in self._placed if _lies_in(placed.word, piece)] for piece in pieces]
        return " ".join(filter(None, (_written(run, style) for run in _joined(runs))))


def _lies_in(word, piece):
    inside = min(word.ends, piece.ends) - max(word.begins, piece.begins)
    return inside > 0 and inside >= (1 - MISSABLE) * (word.ends - word.begins)


def _joined(runs):
    """Pieces that follow each other without a word between them are as one."""
    runs = [run for run in runs if run]
    joined = runs[:1]
    for run in runs[1:]:
        last, first = joined[-1][-1].word, run[0].word
        if first.begins - last.ends < 0.05:
            joined[-1] = joined[-1] + run
        else:
            joined.append(run)
    return joined


def _written(run, style):
    *before, last = run
    text = "".join(placed.word.text + _tail(placed, style) for placed in before) + last.word.text
    whole = (text + _tail(last, style) if last.is_last else text).strip()
    if style == "stopped" and not END_MARKS.search(whole):
        whole += "。" if re.search(r"[\u4e00-\u9fff]$", whole) else "."
    return whole


def _tail(placed, style):
    return MARKS.sub("", placed.word.tail) if style == "unmarked" else placed.word.tail
