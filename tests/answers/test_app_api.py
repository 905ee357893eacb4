"""The app, and audio as it comes from a source."""

from contextlib import AsyncExitStack

import pytest
from msgspec import structs

from service.answers.app_api import App, ByteStream, Head
from service.answers.speech_engine import SpeechEngine, SpeechRules


@pytest.fixture
def audio():
    """Two chunks, and how often what they came from was given back."""
    given_back = []

    async def chunks():
        for chunk in (b"one", b"two"):
            yield chunk

    ending = AsyncExitStack()
    ending.callback(given_back.append, True)
    return ByteStream(Head("audio/mpeg"), chunks(), ending), given_back


async def test_its_end_gives_back_what_it_came_from(audio):
    audio, given_back = audio
    assert ([chunk async for chunk in audio.chunks], audio.head.media_type) == ([b"one", b"two"], "audio/mpeg")
    assert given_back == [True]
    await audio.close()
    assert given_back == [True]


@pytest.mark.parametrize("heard", [0, 1])
async def test_who_stops_listening_gives_it_back_too(audio, heard):
    audio, given_back = audio
    for _ in range(heard):
        await anext(audio.chunks)
    await audio.close()
    assert given_back == [True]


def test_nobody_is_asked_for_what_is_known():
    ward, topic = {"select": {"variable": "ward", "required": True}}, {"text-input": {"variable": "topic"}}
    odd = ["ward", {"select": "ward"}, {"select": {"variable": ["ward"]}}, None]
    app = App(name="Ward 7", mode="chat", source="dify", inputs=[ward, topic, *odd])
    assert app.without({"ward": 7, "role": "nurse"}.keys()).inputs == [topic, *odd]
    assert app.without({}.keys()) == app


@pytest.mark.parametrize(("engine", "is_on"), [(SpeechEngine.AUTO, True), (SpeechEngine.BROWSER, False)])
def test_of_speech_an_app_has_what_the_rules_allow(engine, is_on):
    app = App(name="Ward 7", mode="chat", source="dify", speech_to_text=True, text_to_speech=True, citations=True)
    ruled = structs.replace(app, speaks_by_itself=True).with_speech(SpeechRules(engine, speculative=False))
    assert (ruled.speech_to_text, ruled.text_to_speech, ruled.speaks_by_itself) == (is_on,) * 3
    assert (ruled.citations, ruled.speech) == (True, SpeechRules(engine, speculative=False))
