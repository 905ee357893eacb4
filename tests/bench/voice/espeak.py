"""espeak-ng as a library: speech with the time of each word, which its command line does not tell.

Calls libespeak-ng by its C interface (speak_lib.h of espeak-ng 1.51). The library has one state for the whole process.
"""

import ctypes
import functools
import itertools
from array import array
from ctypes.util import find_library
from typing import NamedTuple

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback, and espeak_Synth returns after the last
POSITIONS_ARE_CHARACTERS = 1
UTF8 = 1
END_OF_LIST, WORD = 0, 1
RATE_PARAMETER, PITCH_PARAMETER = 1, 3
FAINT = 200  # of 32,768: below this a sample is silence


class Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


class Mark(NamedTuple):
    """Where in the text a word begins, and when in the sound, in seconds."""

    position: int
    seconds: float


class Speech(NamedTuple):
    """`samples` begin with the first loud one, and end with the last."""

    samples: array
    rate: int
    marks: list[Mark]

    @property
    def seconds(self):
        return len(self.samples) / self.rate


class Missing(Exception):
    """There is no libespeak-ng on this machine."""


@functools.cache
def library():
    """The library and its sample rate."""
    name = find_library("espeak-ng")
    if name is None:
        raise Missing("libespeak-ng was not found: it comes with espeak-ng")
    espeak = ctypes.CDLL(name)
    return espeak, espeak.espeak_Initialize(SYNCHRONOUS, 0, None, 0)


def synthesise(text, voice, words_per_minute=175, pitch=50):
    espeak, rate = library()
    samples, marks = array("h"), []

    @Callback
    def take(sound, count, events):
        if sound and count:
            samples.frombytes(ctypes.string_at(sound, 2 * count))
        told = itertools.takewhile(lambda event: event.type != END_OF_LIST, (events[at] for at in itertools.count()))
        marks.extend(Mark(each.text_position - 1, each.audio_position / 1_000) for each in told if each.type == WORD)
        return 0

    espeak.espeak_SetVoiceByName(voice.encode())
    espeak.espeak_SetParameter(RATE_PARAMETER, words_per_minute, 0)
    espeak.espeak_SetParameter(PITCH_PARAMETER, pitch, 0)
    espeak.espeak_SetSynthCallback(take)
    encoded = text.encode()
    espeak.espeak_Synth(encoded, len(encoded) + 1, 0, POSITIONS_ARE_CHARACTERS, 0, UTF8, None, None)
    return _trimmed(Speech(samples, rate, marks))


def _trimmed(speech):
    samples = speech.samples
    first = next((at for at, sample in enumerate(samples) if abs(sample) > FAINT), 0)
    last = next((at for at in range(len(samples) - 1, 0, -1) if abs(samples[at]) > FAINT), 0)
    earlier = first / speech.rate
    marks = [Mark(position, max(0.0, seconds - earlier)) for position, seconds in speech.marks]
    return Speech(samples[first : last + 1], speech.rate, marks)
