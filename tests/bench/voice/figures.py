"""What the outcomes of sessions come to: a row for each figure, with its bar. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, pairwise

from tests.bench.voice.corpus import bare
from tests.bench.voice.stand_in import TEXT_TO_SPEECH_SECONDS

LONGEST_GAP_MS = 150


@dataclass(frozen=True)
class Figure:
    """`of(outcomes)` is a number, or None where there is nothing to tell. Without a `bar` it is only told."""

    name: str
    unit: str
    bar: float | None
    of: Callable


def percentile(values, share):
    """The nearest rank: a value that was measured."""
    ordered = sorted(value for value in values if value is not None)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


# Of one utterance. Times are milliseconds since its end.


def asked(outcome):
    """All that was asked, in its order."""
    return [event for event in outcome["events"] if event["kind"] == "asked"]


def asked_after(outcome):
    """The first question after the end of speech, or None."""
    return next((event for event in asked(outcome) if event["at"] >= 0), None)


def asked_at(outcome):
    question = asked_after(outcome)
    return question and question["at"]


def sounded_at(outcome):
    """When the answer to that question was first heard, or None."""
    question = asked_after(outcome)
    later = [event["at"] for event in _sounds(outcome) if question and event["at"] > question["at"]]
    return min(later, default=None)


def spoken_after(outcome):
    """From the answer's first text to its first sound, without what the text-to-speech took."""
    question, sounded = asked_after(outcome), sounded_at(outcome)
    if sounded is None:
        return None
    texts = [event["at"] for event in outcome["events"] if event["kind"] == "delta" and event["id"] == question["id"]]
    return sounded - texts[0] - 1_000 * TEXT_TO_SPEECH_SECONDS if texts else None


def is_cut_off(outcome):
    return any(event["at"] < 0 for event in asked(outcome))


def is_between_sentences(outcome):
    """Its pauses follow whole sentences, so that nobody can know that it goes on."""
    return outcome["kind"] == "several"


def is_verbatim(outcome):
    """The last question says it all, or the questions do together."""
    said, questions = bare(outcome["text"]), [bare(event["text"]) for event in asked(outcome)]
    return bool(questions) and said in (questions[-1], list(chain(*questions)))


def wrong_words(outcome):
    """How many were lost, and how many asked that were not said or not that often."""
    said, questions = bare(outcome["text"]), [bare(event["text"]) for event in asked(outcome)]
    if is_verbatim(outcome):
        return 0, 0
    best = max([list(chain(*questions)), *questions[-1:]], key=lambda words: _common(said, words))
    return len(said) - _common(said, best), len(best) - _common(said, best)


def _common(said, words):
    return sum(block.size for block in SequenceMatcher(None, said, words, autojunk=False).get_matching_blocks())


def gaps(outcome):
    """Silence between the clips of an answer that was heard to its end, in milliseconds."""
    question = asked_after(outcome)
    if not (outcome["is_whole"] and question):
        return []
    sounds = [event for event in _sounds(outcome) if event["at"] > question["at"]]
    return [after["at"] - before["ends"] for before, after in pairwise(sounds)]


# Of one interruption.


def stopped_after(outcome):
    """From the first sound of who interrupts to the last of the page."""
    question = asked_after(outcome)
    before = [event["ends"] for event in _sounds(outcome) if not question or event["at"] < question["at"]]
    return max(before) - outcome["begins"] if before else None


def lost_at_the_beginning(outcome):
    """Words."""
    said, questions = bare(outcome["text"]), list(chain(*(bare(event["text"]) for event in asked(outcome))))
    return SequenceMatcher(None, said, questions, autojunk=False).get_matching_blocks()[0].a


def _sounds(outcome):
    return [event for event in outcome["events"] if event["kind"] == "sound"]


# Of all


def _times(measure, share):
    return lambda outcomes: percentile([measure(each) for each in items(outcomes, "utterance")], share)


def _count(item, is_so):
    return lambda outcomes: sum(map(is_so, items(outcomes, item))) if items(outcomes, item) else None


def items(outcomes, name):
    return [outcome for outcome in outcomes if outcome["item"] == name and not outcome.get("failed")]


def paused(outcomes):
    return [each for each in items(outcomes, "utterance") if each["has_pause"] and not is_between_sentences(each)]


def _cut_share(outcomes):
    those = paused(outcomes)
    return 100 * sum(map(is_cut_off, those)) / len(those) if those else None


def _requests(outcomes):
    those = items(outcomes, "utterance")
    return sum(len(each["heard"]) for each in those) / len(those) if those else None


def _most_requests(outcomes):
    return max((len(each["heard"]) for each in items(outcomes, "utterance")), default=None)


def _interruptions(outcomes):
    return [each for each in items(outcomes, "interruption") if "begins" in each]


def _stops(share):
    return lambda outcomes: percentile([stopped_after(each) for each in _interruptions(outcomes)], share)


def _lost(outcomes):
    those = _interruptions(outcomes)
    return sum(map(lost_at_the_beginning, those)) if those else None


def _words(which):
    """Of what was asked at all."""

    def count(outcomes):
        those = [each for each in items(outcomes, "utterance") if asked(each)]
        return sum(wrong_words(each)[which] for each in those) if those else None

    return count


def _long_gaps(outcomes):
    those = [each for each in items(outcomes, "utterance") if each["is_whole"]]
    return sum(gap > LONGEST_GAP_MS for each in those for gap in gaps(each)) if those else None


def _recordings(outcomes):
    those = items(outcomes, "noise")
    return sum(len(each["heard"]) for each in those) if those else None


FIGURES = [
    Figure("end of speech to question, p50", "ms", 800, _times(asked_at, 0.5)),
    Figure("end of speech to question, p90", "ms", 1_500, _times(asked_at, 0.9)),
    Figure("end of speech to first sound of the answer, p50", "ms", 1_600, _times(sounded_at, 0.5)),
    Figure("end of speech to first sound of the answer, p90", "ms", None, _times(sounded_at, 0.9)),
    Figure("first text to first sound beyond the text-to-speech's own, p50", "ms", 350, _times(spoken_after, 0.5)),
    Figure("first text to first sound beyond the text-to-speech's own, p90", "ms", None, _times(spoken_after, 0.9)),
    Figure("cut off in a pause of 0.5 to 1.0 s inside a sentence", "%", 2, _cut_share),
    Figure(
        "asked in a pause between two sentences",
        "",
        None,
        _count("utterance", lambda each: is_between_sentences(each) and is_cut_off(each)),
    ),
    Figure("never asked after they ended", "", 0, _count("utterance", lambda each: asked_after(each) is None)),
    Figure("not asked word for word", "", 0, _count("utterance", lambda each: not is_verbatim(each))),
    Figure("words lost", "", 0, _words(0)),
    Figure("words doubled or not said", "", 0, _words(1)),
    Figure("recordings sent of an utterance, mean", "", None, _requests),
    Figure("recordings sent of an utterance, most", "", 4, _most_requests),
    Figure(f"gaps above {LONGEST_GAP_MS} ms between clips of an answer", "", 0, _long_gaps),
    Figure("noises asked as a question", "", 0, _count("noise", lambda each: bool(asked(each)))),
    Figure("recordings sent of a noise alone", "", None, _recordings),
    Figure("speech to silence of the page, p50", "ms", None, _stops(0.5)),
    Figure("speech to silence of the page, p90", "ms", 200, _stops(0.9)),
    Figure("words lost at the beginning of interruptions", "", 0, _lost),
    Figure(
        "short sounds that stopped the answer (mhm, 嗯, a knock)",
        "",
        0,
        _count("interruption", lambda each: each.get("is_stopped", False)),
    ),
]
