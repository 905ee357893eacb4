"""How soon people were answered who spoke: once a turn, and only of turns that are known."""

import pytest

from service.chat import voice_latencies
from service.chat.client_identity import owner_of
from service.chat.client_messages import VoiceLatency
from service.chat.turn_status import Ending, Status
from service.chat.voice_latencies import VoiceLatencies
from tests.chat.followed import OWNER, followed_turn
from tests.conftest import logged

TIMES = {"silence_ms": 320, "transcript_ms": 640, "asked_ms": 650, "first_text_ms": 1050, "first_audio_ms": 1300}
LATENCY = VoiceLatency("t", **TIMES)
OTHER = owner_of("1" * 32)


@pytest.fixture
def voice():
    return VoiceLatencies()


def ended(turn_id="t"):
    turn = followed_turn(turn_id=turn_id)
    turn.end(Ending(Status.DONE))
    return turn


def test_the_times_of_a_turn_are_one_event_of_the_log(voice, events):
    voice.add(OWNER, LATENCY, followed_turn())
    (told,) = logged(events, "voice.measured")
    assert told == {"event": "voice.measured", "log_level": "info", "turn_id": "t", **TIMES}


def test_what_a_client_did_not_say_is_not_known(voice, events):
    voice.add(OWNER, VoiceLatency("t", asked_ms=700), followed_turn())
    (told,) = logged(events, "voice.measured")
    assert (told["asked_ms"], told["first_audio_ms"]) == (700, None)


def test_whoever_observes_is_told_the_same(voice):
    seen = []
    voice.observe = seen.append
    voice.add(OWNER, LATENCY, followed_turn())
    assert seen == [LATENCY]


def test_a_turn_is_measured_once(voice, events):
    turn = followed_turn()
    for _ in range(3):
        voice.add(OWNER, LATENCY, turn)
    voice.remember(ended())
    for _ in range(3):
        voice.add(OWNER, LATENCY, None)
    voice.remember(ended())
    voice.add(OWNER, LATENCY, None)
    assert len(logged(events, "voice.measured")) == 2  # those of the two turns


def test_a_turn_that_is_not_known_is_not_measured(voice, events):
    voice.add(OWNER, LATENCY, None)
    voice.remember(ended("another"))
    voice.add(OWNER, LATENCY, None)
    voice.remember(ended())
    voice.add(OTHER, LATENCY, None)
    assert logged(events, "voice.measured") == []


def test_a_turn_that_was_measured_before_its_end_elsewhere_is_not_measured_again(voice, events):
    turn = ended()
    voice.add(OWNER, LATENCY, turn)
    voice.remember(turn)
    voice.add(OWNER, LATENCY, None)
    assert len(logged(events, "voice.measured")) == 1


def test_of_a_turn_that_is_lost_before_its_end_nothing_is_kept(voice):
    voice.remember(followed_turn())
    assert voice._is_measured == {}


def test_only_so_many_turns_of_others_are_known_and_the_latest(voice, events, monkeypatch):
    monkeypatch.setattr(voice_latencies, "MAX_ENDED", 2)
    for turn_id in ("t", "u", "v"):
        voice.remember(ended(turn_id))
    for turn_id in ("t", "u", "v"):
        voice.add(OWNER, VoiceLatency(turn_id, asked_ms=1), None)
    assert [event["turn_id"] for event in logged(events, "voice.measured")] == ["u", "v"]
