"""What is said into the microphone: english.txt and chinese.txt, spoken by espeak-ng, with the time of each word."""

import re
from array import array
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.bench.voice import espeak, sounds

FOLDER = Path(__file__).parent
LANGUAGES = {"en": "english.txt", "zh": "chinese.txt"}
PAUSE = re.compile(r"\s*\[([\d.]+)\]\s*")
WORD = re.compile(r"[\u4e00-\u9fff]|[0-9A-Za-z](?:[\w'’.:-]*[0-9A-Za-z])?")
VOICES = {
    "en": ["en-gb", "en-us+f3", "en-gb-x-rp", "en-us+m3", "en-gb-scotland", "en-gb+f2"],
    "zh": ["cmn", "cmn+f2", "cmn+m3", "cmn+f3"],
}
WORDS_PER_MINUTE = {"en": (150, 165, 180), "zh": (230, 250, 270)}  # in Chinese some 3.5 to 4.5 characters a second
SPEECH_DB = -23.0  # below full scale


@dataclass(frozen=True)
class Utterance:
    """`parts` are texts, and the pause after each, in seconds."""

    key: str
    language: str
    kind: str
    parts: tuple[tuple[str, float], ...]

    @property
    def text(self):
        glue = " " if self.language == "en" else ""
        return glue.join(text for text, _ in self.parts)

    @property
    def has_pause(self):
        return len(self.parts) > 1


class Word(NamedTuple):
    """`tail` is what follows it as it is written: marks and a space. Times are seconds."""

    text: str
    tail: str
    begins: float
    ends: float


class Spoken(NamedTuple):
    """`pauses` are when they begin and end, in seconds."""

    samples: array
    words: list[Word]
    pauses: list[tuple[float, float]]

    @property
    def seconds(self):
        return len(self.samples) / sounds.RATE


@cache
def utterances(language):
    found, kind = [], ""
    for line in (FOLDER / LANGUAGES[language]).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            kind = line[2:]
        elif line:
            found.append(Utterance(f"{language}-{len(found) + 1}", language, kind, _parts(line)))
    return tuple(found)


def _parts(line):
    pieces = PAUSE.split(line)
    return tuple(zip(pieces[::2], [*map(float, pieces[1::2]), 0.0], strict=True))


def speak(utterance, number=0):
    """`number` chooses voice and pace."""
    voices, paces = VOICES[utterance.language], WORDS_PER_MINUTE[utterance.language]
    voice, pace = voices[number % len(voices)], paces[number % len(paces)]
    samples, words, pauses = array("h"), [], []
    glue = " " if utterance.language == "en" else ""
    for at, (text, pause) in enumerate(utterance.parts):
        is_last = at == len(utterance.parts) - 1
        # A comma has it spoken as what goes on.
        speech = espeak.synthesise(text if is_last or text[-1] in ".。" else text + ",", voice, pace)
        words += _timed(text if is_last else text + glue, speech, len(samples) / speech.rate)
        samples += sounds.at_level(speech.samples, SPEECH_DB)
        if pause:
            begins = len(samples) / speech.rate
            pauses.append((begins, begins + pause))
            samples += sounds.silence(pause)
    return Spoken(samples, words, pauses)


def _timed(text, speech, later):
    """The words of a text, `later` by so many seconds."""
    found = list(WORD.finditer(text))
    begins = _begins(found, speech)
    ends = [*begins[1:], speech.seconds]
    tails = [text[left.end() : right.start()] for left, right in pairwise(found)] + [text[found[-1].end() :]]
    return [
        Word(match.group(), tail, later + begin, later + end)
        for match, tail, begin, end in zip(found, tails, begins, ends, strict=True)
    ]


def _begins(found, speech):
    """Words of which espeak-ng says nothing ("of the" is one to it) share the time of the one before."""
    told = [[mark.seconds for mark in speech.marks if match.start() <= mark.position < match.end()] for match in found]
    begins = [0.0, *(min(inside, default=None) for inside in told[1:])]
    known = [at for at, begin in enumerate(begins) if begin is not None] + [len(found)]
    for left, right in pairwise(known):
        end = begins[right] if right < len(found) else speech.seconds
        step = (end - begins[left]) / (right - left)
        begins[left:right] = [begins[left] + step * at for at in range(right - left)]
    return begins


def bare(text):
    """The words alone, to compare what was asked with what was said."""
    return [word.lower().strip(".'’:-") for word in WORD.findall(text)]
