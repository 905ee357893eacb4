"""Sounds of a room, at a level that is known, as 16-bit samples."""

import io
import math
import random
import wave
from array import array

RATE = 22_050  # espeak-ng's
FULL_SCALE = 32_768
ROOM_DB = -68.0


def at_level(samples, decibels):
    """The samples at this level (root mean square, below full scale)."""
    factor = FULL_SCALE * 10 ** (decibels / 20) / (root_mean_square(samples) or 1)
    return array("h", (max(-32_768, min(32_767, round(sample * factor))) for sample in samples))


def root_mean_square(samples):
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def silence(seconds):
    return array("h", bytes(2 * round(seconds * RATE)))


def noise(seconds, seed=0, softness=0.0):
    """White; with `softness` up to 1, deeper."""
    drawn, last, samples = random.Random(seed), 0.0, []
    for _ in range(round(seconds * RATE)):
        last = softness * last + (1 - softness) * drawn.gauss(0, 8_000)
        samples.append(last)
    return samples


def fan(seconds, seed=0):
    """A motor's hum in a rush of air."""
    air = noise(seconds, seed, softness=0.8)
    return [value + 500 * math.sin(2 * math.pi * 100 * at / RATE) for at, value in enumerate(air)]


def mix(*tracks):
    """All of them, repeated as long as the longest goes on."""
    length = max(map(len, tracks))
    return [sum(track[at % len(track)] for track in tracks) for at in range(length)]


def faded_in(samples, seconds):
    ramp = seconds * RATE
    return [sample * min(1.0, at / ramp) for at, sample in enumerate(samples)]


def knock(seed=0):
    """A thump of 80 ms, two or three of them."""
    thump = [value * math.exp(-at / (0.02 * RATE)) for at, value in enumerate(noise(0.08, seed, softness=0.7))]
    return array("h", map(round, [*thump, *silence(0.15)] * (2 + seed % 2)))


def cough(seed=0):
    """Two bursts of air, a quarter of a second each."""
    size = round(0.25 * RATE)
    burst = [value * math.sin(math.pi * (at / size) ** 0.4) for at, value in enumerate(noise(0.25, seed, softness=0.4))]
    return array("h", map(round, [*burst, *silence(0.12), *burst]))


def hum(seconds):
    """What stands for the voice of the page: never silent, so that silence is a gap."""
    period = array("h", [5_000] * 37 + [-5_000] * 37)  # of 300 Hz
    count = round(seconds * RATE)
    return (period * (count // len(period) + 1))[:count]


def wav(samples):
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return written.getvalue()
