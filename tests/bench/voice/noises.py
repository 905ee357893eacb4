"""Rooms, whose noise is 10 dB below speech, and noises that are no speech to the page."""

from functools import cache

from tests.bench.voice import corpus, sounds

NOISE_DB = corpus.SPEECH_DB - 10
VOICES_AT_ONCE = 6
PIECE_SECONDS = 5


@cache
def babble(language):
    """Several people who talk at once, each by turns with another voice."""
    said = corpus.utterances(language)
    tracks = []
    for voice in range(VOICES_AT_ONCE):
        track = []
        for number in range(voice * 5, voice * 5 + 5):
            track += corpus.speak(said[number], number).samples
        tracks.append(track)
    return sounds.at_level(sounds.mix(*tracks), NOISE_DB)


def quiet_room(language):
    return sounds.at_level(sounds.noise(5), sounds.ROOM_DB)


def fan_room(language):
    return sounds.at_level(sounds.fan(7), NOISE_DB)


ROOMS = {"room": quiet_room, "fan": fan_room, "babble": babble}


def fan_starts(language, seed):
    return sounds.at_level(sounds.faded_in(sounds.fan(PIECE_SECONDS, seed), 0.2), NOISE_DB)


def babble_begins(language, seed):
    """Louder the second time: at a distance, and nearer."""
    size = PIECE_SECONDS * sounds.RATE
    begins = seed * sounds.RATE // 2
    return sounds.at_level(babble(language)[begins : begins + size], NOISE_DB + 3 * (seed % 2))


PIECES = {
    "fan": fan_starts,
    "knock": lambda _, seed: sounds.at_level(sounds.knock(seed), -24.0 + 3 * (seed % 3)),
    "cough": lambda _, seed: sounds.at_level(sounds.cough(seed), -26.0 + 3 * (seed % 3)),
    "babble": babble_begins,
}
