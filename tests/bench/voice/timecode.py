"""A time code in the sound: which part of what the microphone gave lies in a recording, whatever else is in it.

The microphone (page.js) adds a faint tone above all speech and noise, which end at 6.3 kHz. Each 20 ms it takes one of
eight frequencies, in the order of a de Bruijn sequence: any six of them in a row stand in it once, and tell the time to
the sample. That survives what the page does with its sound: other sample rates down to 16 kHz, cuts, pieces put
together. Nothing is compared with what was spoken, so noise of any level is no hindrance.
"""

import cmath
import io
import math
import wave
from array import array
from functools import cache
from itertools import pairwise
from operator import mul
from typing import NamedTuple

RATE = 16_000  # of the recordings
FREQUENCIES = [6_950 + 100 * step for step in range(8)]  # Hz
SYMBOL_SECONDS = 0.02
SYMBOL = round(SYMBOL_SECONDS * RATE)  # samples
ORDER = 6  # symbols that tell the time: it repeats after 87 minutes
SYNC_STEP = 32  # samples
SYNC_SYMBOLS = 6
SLACK = SYMBOL + SYNC_STEP  # samples between two readings of one run
BLOCK = 50  # symbols, before it is looked anew where they begin
PROBE = 50 * SYMBOL
FEWEST = ORDER + 1  # windows of one origin in a row: one symbol that was misread spoils no more than ORDER
FAINTEST = 3.0  # amplitude of 32,768 below which there is no tone


class Piece(NamedTuple):
    """A part of a recording without a gap: when it was in the microphone, in seconds since that began."""

    begins: float
    ends: float


@cache
def symbols():
    """De Bruijn's sequence of eight symbols and this order, by the algorithm of Fredricksen and Maiorana."""
    size, sequence, word = len(FREQUENCIES), bytearray(), [0]
    while word:
        if ORDER % len(word) == 0:
            sequence.extend(word)
        word = (word * ORDER)[:ORDER]
        while word and word[-1] == size - 1:
            word.pop()
        if word:
            word[-1] += 1
    return bytes(sequence)


@cache
def _places():
    sequence = symbols()
    cycle = sequence + sequence[: ORDER - 1]
    return {cycle[at : at + ORDER]: at for at in range(len(sequence))}


def prepare():
    """What takes a while, once, before the first recording comes."""
    pieces(coded([0] * RATE))


def read(wav):
    """The samples of a WAV file as the page makes them. Raises ValueError for another."""
    with wave.open(io.BytesIO(wav)) as file:
        form = file.getframerate(), file.getnchannels(), file.getsampwidth()
        if form != (RATE, 1, 2):
            raise ValueError(f"rate, channels, bytes: {form}")
        return array("h", file.readframes(file.getnframes()))


def pieces(samples):
    """What lies in a recording, as it follows in it. None at all where there is no time code."""
    found = [_whole(samples)]
    if None in found:
        found = _runs(samples)
    middles = [(left.last + right.first) / 2 for left, right in pairwise(found)]
    edges = pairwise([0, *middles, len(samples)])
    return [
        Piece((run.origin + begins) / RATE, (run.origin + ends) / RATE)
        for run, (begins, ends) in zip(found, edges, strict=False)
    ]


class _Run(NamedTuple):
    """Symbols that follow each other. `origin` is the time of the recording's first sample, by them, in samples."""

    origin: int
    first: int  # samples from the recording's beginning
    last: int


def _whole(samples):
    """All of it as one run, if that is what a look into it each second says."""
    offset, size = _sync(samples[: BLOCK * SYMBOL]), ORDER * SYMBOL
    last = len(samples) - size
    origins = [_window(samples, at) for at in [*range(offset, last, PROBE), last - (last - offset) % SYMBOL]]
    if len(samples) < size + SYMBOL or None in origins or max(origins) - min(origins) > SLACK:
        return None
    return _Run(_middle(origins), 0, len(samples))


def _window(samples, at):
    """The origin by the symbols from there on, or None."""
    word = [_symbol(samples[start : start + SYMBOL]) for start in range(at, at + ORDER * SYMBOL, SYMBOL)]
    return None if None in word else _places()[bytes(word)] * SYMBOL - at


def _runs(samples):
    windows = []  # (origin, from, to) of each that tells the time
    for begin in range(0, len(samples), BLOCK * SYMBOL):
        # A block goes on into the next, so that windows across the border count, too.
        block = samples[begin : begin + (BLOCK + ORDER) * SYMBOL]
        offset = _sync(block)
        heard = [_symbol(block[at : at + SYMBOL]) for at in range(offset, len(block) - SYMBOL + 1, SYMBOL)]
        for index in range(len(heard) - ORDER + 1):
            word = heard[index : index + ORDER]
            if None not in word:
                at = begin + offset + index * SYMBOL
                windows.append((_places()[bytes(word)] * SYMBOL - at, at, at + ORDER * SYMBOL))
    return _agreeing(windows)


def _agreeing(windows):
    """Windows in a row of the same origin, give or take a symbol, are a run."""
    runs = []
    for origin, first, last in windows:
        if runs and abs(runs[-1][-1][0] - origin) <= SLACK:
            runs[-1].append((origin, first, last))
        else:
            runs.append([(origin, first, last)])
    kept = [_Run(_middle([each[0] for each in run]), run[0][1], run[-1][2]) for run in runs if len(run) >= FEWEST]
    merged = []
    for run in kept:
        if merged and abs(merged[-1].origin - run.origin) <= SLACK:
            merged[-1] = merged[-1]._replace(last=run.last)
        else:
            merged.append(run)
    return merged


def _middle(values):
    return sorted(values)[len(values) // 2]


def _sync(block):
    """Where the first whole symbol begins: there the tones are purest."""

    def purity(offset):
        starts = range(offset, min(len(block) - SYMBOL + 1, offset + SYNC_SYMBOLS * SYMBOL), SYMBOL)
        return sum(max(_amplitudes(block[at : at + SYMBOL])) for at in starts)

    return max(range(0, SYMBOL, SYNC_STEP), key=purity)


def _symbol(samples):
    """The tone of these samples, or None."""
    amplitudes = _amplitudes(samples)
    loudest = max(amplitudes)
    return amplitudes.index(loudest) if loudest >= FAINTEST else None


def _amplitudes(samples):
    return [math.hypot(sum(map(mul, samples, cos)), sum(map(mul, samples, sin))) for cos, sin in _tables()]


@cache
def _tables():
    """A Hann window's width makes tones 100 Hz apart independent in 20 ms, and deaf to what is below 6.5 kHz."""
    window = [(1 - math.cos(2 * math.pi * (at + 0.5) / SYMBOL)) * 2 / SYMBOL for at in range(SYMBOL)]
    tables = []
    for frequency in FREQUENCIES:
        waves = [cmath.exp(2j * math.pi * frequency * at / RATE) for at in range(SYMBOL)]
        tables.append(([w * v.real for w, v in zip(window, waves, strict=True)],
                       [w * v.imag for w, v in zip(window, waves, strict=True)]))  # fmt: skip
    return tables


def coded(samples, begins=0.0, amplitude=16.0):
    """The samples with the time code added, from that second on: what the microphone does, for tests."""
    phase, result = 0.0, array("h")
    for at, sample in enumerate(samples):
        place = int((begins * RATE + at) // SYMBOL)
        phase += 2 * math.pi * FREQUENCIES[symbols()[place]] / RATE
        result.append(max(-32_768, min(32_767, round(sample + amplitude * math.sin(phase)))))
    return result
