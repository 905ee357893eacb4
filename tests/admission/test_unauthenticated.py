"""Places for connections that have proved nothing yet."""

from contextlib import ExitStack

import pytest

from service.admission.unauthenticated import MAX_IN_ALL, MAX_OF_ADDRESS, Waiting


class Crowd:
    """Takes places, and notes who loses theirs."""

    def __init__(self):
        self.waiting = Waiting()
        self.places = ExitStack()
        self.lost = []

    def come(self, address, name):
        return self.places.enter_context(self.waiting.place(address, lambda: self.lost.append(name)))


def test_one_address_has_few_places_of_which_the_oldest_is_lost_and_others_keep_theirs():
    crowd = Crowd()
    with crowd.places:
        crowd.come("192.0.2.2", "other")
        crowd.come(None, "uncounted")
        places = [crowd.come("192.0.2.1", number) for number in range(MAX_OF_ADDRESS + 2)]
        assert (crowd.lost, [place.is_lost for place in places[:3]]) == ([0, 1], [True, True, False])
        assert len(crowd.waiting) == MAX_OF_ADDRESS + 2
    assert len(crowd.waiting) == 0


def test_who_has_most_makes_room_for_a_newcomer():
    crowd = Crowd()
    with crowd.places:
        crowd.come("192.0.2.1", "patient")
        for number in range(MAX_IN_ALL - 1):
            crowd.come(None, number)
        crowd.come("192.0.2.2", "newcomer")
        crowd.come(None, "newest")
        assert (crowd.lost, len(crowd.waiting)) == ([0, 1], MAX_IN_ALL)


def test_a_place_is_free_again_after_an_error_and_its_address_is_forgotten():
    waiting = Waiting()
    with pytest.raises(RuntimeError), waiting.place("192.0.2.1", lambda: None):
        raise RuntimeError
    assert (len(waiting), waiting._by_address) == (0, {})
