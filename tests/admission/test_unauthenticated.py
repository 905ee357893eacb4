"""Places for connections that have proved nothing yet."""

from contextlib import ExitStack

import pytest

from service.admission.unauthenticated import MAX_IN_ALL, MAX_OF_ADDRESS, NoPlace, Waiting


def test_one_address_has_few_places_and_others_have_theirs():
    waiting, places = Waiting(), ExitStack()
    with places:
        for _ in range(MAX_OF_ADDRESS):
            places.enter_context(waiting.place("192.0.2.1"))
        with pytest.raises(NoPlace), waiting.place("192.0.2.1"):
            pass
        with waiting.place("192.0.2.2"), waiting.place(None):
            assert len(waiting) == MAX_OF_ADDRESS + 2
    assert len(waiting) == 0
    with waiting.place("192.0.2.1"):
        assert len(waiting) == 1


def test_all_together_have_few_places():
    waiting, places = Waiting(), ExitStack()
    with places:
        for _ in range(MAX_IN_ALL):
            places.enter_context(waiting.place(None))
        with pytest.raises(NoPlace), waiting.place("192.0.2.1"):
            pass


def test_a_place_is_free_again_after_an_error_and_its_address_is_forgotten():
    waiting = Waiting()
    with pytest.raises(RuntimeError), waiting.place("192.0.2.1"):
        raise RuntimeError
    assert (len(waiting), dict(waiting._by_address)) == (0, {})
