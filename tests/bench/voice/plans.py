"""Which utterances, noises and interruptions are measured, shared out to sessions: a call each. Pure."""

from itertools import cycle, islice, product

from tests.bench.voice import corpus
from tests.bench.voice.timeline import STYLES

CONDITIONS = ("room", "fan", "babble")
NOISES = ("fan", "knock", "cough", "babble")
A_SESSION = 30  # items
DELAYS_MS = (100, 300, 600, 900)  # from the first sound of an answer to the interruption
FIRST_INTERRUPTION = 20  # of the texts
BACKCHANNELS = (None, "0", None, "knock", None, "1")


def sessions(languages, step=1):
    """Of each `step`th utterance, and of as large a share of the rest.

    A recogniser marks sentences in one way: so does that of a call. The longest first, so that none is left over.
    """
    found = [*_noises(languages, max(2, 10 // step))]
    for language in languages:
        utterances = _utterances(language, step)
        interruptions = _interruptions(max(4, 30 // step))
        for (condition, style), items in utterances.items():
            calls = _batched([*items, *(interruptions[condition] if style == STYLES[0] else ())], A_SESSION)
            found += [{"language": language, "condition": condition, "items": some} for some in calls]
    return sorted(found, key=lambda session: -sum(_seconds(item) for item in session["items"]))


def _utterances(language, step):
    """A ninth each in each condition with each style of marks; each fifth is heard to its end."""
    items = {each: [] for each in product(CONDITIONS, STYLES)}
    for at, number in enumerate(range(0, len(corpus.utterances(language)), step)):
        each = CONDITIONS[at % len(CONDITIONS)], STYLES[at // len(CONDITIONS) % len(STYLES)]
        items[each].append(("utterance", number, each[1], at % 5 == 0))
    return items


def _noises(languages, count):
    pieces = [("noise", name, seed) for seed, name in product(range(count), NOISES)]
    for language in languages:
        for some in _batched(pieces[languages.index(language) :: len(languages)], A_SESSION):
            yield {"language": language, "condition": "room", "items": some}


def _interruptions(count):
    numbers = range(FIRST_INTERRUPTION, FIRST_INTERRUPTION + count)
    items = list(zip(numbers, cycle(DELAYS_MS), cycle(BACKCHANNELS), strict=False))
    return {
        condition: [("interruption", *item) for item in items[at :: len(CONDITIONS)]]
        for at, condition in enumerate(CONDITIONS)
    }


def _seconds(item):
    return {"utterance": 9, "noise": 9, "interruption": 16}[item[0]]


def _batched(items, size):
    return [list(islice(items, at, at + size)) for at in range(0, len(items), size)]
