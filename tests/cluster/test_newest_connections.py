"""Which connection of a client is the newest, with the other processes played by hand."""

import pytest

from service.cluster import newest_connections
from service.cluster.newest_connections import PROCESSES, NewestConnections
from service.cluster.wire_format import ClientResumed


class Local(dict):
    """The numbers of those who came back here, by identity; `replaced` are those that a newer one ended."""

    def __init__(self):
        super().__init__()
        self.replaced = []

    def on_client_resumed(self, identity, number):
        mine = self.get(identity)
        if mine is None or mine == number:
            return None
        if mine > number:
            return mine
        self.replaced.append(self.pop(identity))
        return None

    def resumed(self):
        return self.items()


@pytest.fixture
def local():
    return Local()


@pytest.fixture
def posted():
    return []


@pytest.fixture
def newest(local, posted):
    return NewestConnections(
        "2a", local, lambda process, message: posted.append((process, message)), lambda: ["p", "q"]
    )


@pytest.fixture
def at_once(monkeypatch):
    """All in the same millisecond."""
    monkeypatch.setattr(newest_connections.time, "time_ns", lambda: 1_700_000_000_000_000_000)


@pytest.mark.usefixtures("at_once")
def test_numbers_grow_and_are_no_other_process_s(newest, local, posted):
    other = NewestConnections("2b", local, lambda *_: None, list)
    numbers = [newest.next_number(), other.next_number(), newest.next_number()]
    assert len(set(numbers)) == 3
    assert numbers[2] > max(numbers[:2])


@pytest.mark.usefixtures("at_once")
def test_a_number_is_of_a_millisecond_and_its_last_bits_are_of_the_process(newest):
    first = 1_700_000_000_000 * PROCESSES + 0x2A
    assert [newest.next_number(), newest.next_number()] == [first, first + PROCESSES]


def test_no_number_is_behind_one_that_was_heard_of(newest):
    ahead = 10 * newest.next_number()
    newest.receive("p", ClientResumed("key:bed", ahead))
    assert newest.next_number() > ahead


def test_who_comes_back_is_told_to_all_and_all_who_did_to_one(newest, local, posted):
    newest.announce("key:bed", 7)
    assert posted == [(process, ClientResumed("key:bed", 7)) for process in ("p", "q")]
    posted.clear()
    local |= {"a": 1, "b": 2}
    newest.announce_all("p")
    assert posted == [("p", ClientResumed("a", 1)), ("p", ClientResumed("b", 2))]


@pytest.mark.parametrize(
    ("number", "told", "replaced"), [(6, [("p", ClientResumed("a", 7))], []), (7, [], []), (8, [], [7])]
)
def test_the_newest_stays_and_who_knows_of_a_newer_one_says_so(newest, local, posted, number, told, replaced):
    local["a"] = 7
    newest.receive("p", ClientResumed("a", number))
    assert (posted, local.replaced) == (told, replaced)
