"""The stand-in for speech-to-text returns the words that lie in a recording, and nothing for noise."""

import io
import random
import wave
from array import array
from itertools import pairwise

import aiohttp
import pytest

from tests.bench.voice import corpus, espeak, noises, sounds, stand_in, timecode
from tests.bench.voice.timeline import STYLES
from tests.fake_dify import KEY

pytestmark = pytest.mark.slow

BEGINS = 7.3
QUIET_SECONDS = 1.0
LANGUAGES = ("en", "zh")


def recorded(samples, begins):
    """As the microphone and the page do it: 16 kHz, nothing above speech but the time code."""
    step = sounds.RATE / timecode.RATE
    resampled = [samples[int(at * step)] for at in range(int(len(samples) / step))]
    for _ in range(8):
        resampled = [(before + after) / 2 for before, after in pairwise([0, *resampled])]
    return timecode.coded(resampled, begins)


def in_babble(spoken, language):
    silence = sounds.silence(QUIET_SECONDS)
    said = [*silence, *spoken.samples, *silence]
    return [sample + other for sample, other in zip(said, noises.babble(language), strict=False)]


@pytest.fixture(params=LANGUAGES)
def speech(request):
    """What was said amid others, the recording of all of it, and the stand-in that knows."""
    try:
        espeak.library()
    except espeak.Missing:
        pytest.skip("no espeak-ng on this machine")
    utterance = corpus.utterances(request.param)[66]
    spoken = corpus.speak(utterance)
    api = stand_in.SpeechApi(None, stand_in.Pace())
    api.timeline.add(spoken.words, BEGINS + QUIET_SECONDS)
    return utterance, spoken, recorded(in_babble(spoken, request.param), BEGINS), api


def cut(sound, begins, ends):
    return sound[
        max(0, round((begins + QUIET_SECONDS) * timecode.RATE)) : round((ends + QUIET_SECONDS) * timecode.RATE)
    ]


def test_a_recording_cut_between_any_words_has_those_words(speech):
    _, spoken, sound, api = speech
    drawn = random.Random(1)
    for _ in range(15):
        first = drawn.randrange(len(spoken.words) - 1)
        last = drawn.randrange(first + 1, len(spoken.words))
        clip = cut(sound, spoken.words[first].begins, spoken.words[last].ends)
        expected = [word.text.lower() for word in spoken.words[first : last + 1]]
        assert corpus.bare(api.timeline.transcript(timecode.pieces(clip), "written")) == expected


def test_a_word_that_was_cut_through_is_not_known(speech):
    _, spoken, sound, api = speech
    *before, word = spoken.words[:3]
    clip = cut(sound, -QUIET_SECONDS, (word.begins + word.ends) / 2)
    heard = api.timeline.transcript(timecode.pieces(clip), "written")
    assert corpus.bare(heard) == [each.text.lower() for each in before]


def test_beside_what_was_said_there_is_nothing(speech):
    _, spoken, sound, api = speech
    silence = cut(sound, spoken.seconds, spoken.seconds + QUIET_SECONDS)
    assert timecode.pieces(silence) != []
    assert api.timeline.transcript(timecode.pieces(silence), "stopped") == ""


def test_an_end_mark_is_set_where_the_end_was_heard_or_always_or_never(speech):
    utterance, spoken, sound, api = speech
    pause = spoken.pauses[0][0] + 0.3
    half, whole = (timecode.pieces(cut(sound, -1, ends)) for ends in (pause, spoken.seconds + 1))
    assert api.timeline.transcript(half, "written")[-1] not in ".。"
    assert api.timeline.transcript(half, "stopped")[-1] in ".。"
    assert api.timeline.transcript(whole, "written") == utterance.text
    assert api.timeline.transcript(whole, "stopped") == utterance.text
    assert api.timeline.transcript(whole, "unmarked") == utterance.text[:-1]


def test_only_whole_words_are_known_where_marks_follow_them(speech):
    utterance, *_ = speech
    said = corpus.Utterance("", utterance.language, "", (("Yes, please, do.", 0.0),))
    words = corpus.speak(said).words
    timeline = stand_in.Timeline()
    timeline.add(words, 0)
    half = [timecode.Piece(0, words[1].ends)]
    heard = [timeline.transcript(half, style) for style in STYLES]
    assert heard == ["Yes, please", "Yes, please.", "Yes please"]


async def test_over_http_a_recording_is_written_down(speech):
    utterance, _, sound, api = speech
    dify = stand_in.SpeakingDify(utterance.language)
    dify.app_api.timeline = api.timeline
    form = aiohttp.FormData({"user": "someone"})
    form.add_field("file", file_of(sound), filename="speech.wav", content_type="audio/wav")
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        stand_in.running(dify) as url,
        aiohttp.ClientSession() as http,
        http.post(f"{url}/audio-to-text", data=form, headers=headers) as response,
    ):
        assert await response.json() == {"text": utterance.text}
    assert [heard.text for heard in dify.app_api.heard] == [utterance.text]


def file_of(samples):
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(timecode.RATE)
        file.writeframes(array("h", samples).tobytes())
    return written.getvalue()


@pytest.mark.parametrize(("text", "seconds"), [("Yes, of course.", 1.0), ("好的，没问题。", 1.24), (".", 0.3)])
def test_a_text_is_spoken_as_long_as_a_voice_needs(text, seconds):
    assert stand_in.speech_seconds(text) == pytest.approx(seconds, abs=0.01)
