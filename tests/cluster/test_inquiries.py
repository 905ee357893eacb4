"""What operators ask of all other processes."""

import asyncio

import pytest

from service.chat.connected import Connected
from service.cluster import inquiries
from service.cluster.inquiries import Inquiries
from service.cluster.wire_format import CloseClient, ConnectedHere, ListConnected


def one(client_id):
    return Connected(client_id, None, 0, None, None, None, 0, 0)


class Clients:
    def __init__(self, *ids):
        self.ids = ids

    def connected(self):
        return [one(client_id) for client_id in self.ids]

    def close_client(self, client_id):
        return [one(each) for each in self.ids if each == client_id]


@pytest.fixture
def posted():
    return []


@pytest.fixture
def asking(posted):
    return Inquiries(Clients(), lambda *letter: posted.append(letter), lambda: ["p", "q"])


async def asked(asking, posted):
    """An inquiry that is under way, and its number."""
    task = asyncio.create_task(asking.ask(ListConnected))
    while not posted:
        await asyncio.sleep(0)
    return task, posted[0][1].number


async def test_all_others_are_asked_and_their_replies_put_together(asking, posted):
    task, number = await asked(asking, posted)
    assert posted == [
        (process, ListConnected(number)) for process in sorted(("p", "q"), key=[it[0] for it in posted].index)
    ]
    asking.receive("p", ConnectedHere(number, [one("1")]))
    asking.receive("q", ConnectedHere(number, [one("2")]))
    assert await task == ([one("1"), one("2")], 0)


async def test_a_reply_that_comes_twice_or_too_late_or_from_a_stranger_counts_once_or_not(asking, posted):
    task, number = await asked(asking, posted)
    for by in ("p", "p", "stranger", "q"):
        asking.receive(by, ConnectedHere(number, [one(by)]))
    assert (await task).connections == [one("p"), one("q")]
    asking.receive("q", ConnectedHere(number, [one("late")]))


async def test_who_does_not_reply_in_time_is_counted(asking, posted, monkeypatch):
    monkeypatch.setattr(inquiries, "WITHIN_SECONDS", 0.5)
    task, number = await asked(asking, posted)
    asking.receive("p", ConnectedHere(number, []))
    assert await task == ([], 1)


async def test_without_others_nobody_is_waited_for(posted):
    alone = Inquiries(Clients(), lambda *letter: posted.append(letter), list)
    assert await alone.ask(ListConnected) == ([], 0)


def test_a_question_is_replied_to_with_who_is_here_and_with_who_was_closed(posted):
    asked = Inquiries(Clients("1", "2"), lambda *letter: posted.append(letter), list)
    asked.receive("p", ListConnected(7))
    asked.receive("q", CloseClient(8, "2"))
    assert posted == [("p", ConnectedHere(7, [one("1"), one("2")])), ("q", ConnectedHere(8, [one("2")]))]
