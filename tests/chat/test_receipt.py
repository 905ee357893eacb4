"""How far an answer got to its clients."""

from types import SimpleNamespace

import pytest

from service.chat import receipt as receipt_module
from service.chat.receipt import Receipt


class Client(SimpleNamespace):
    """May be referred to weakly."""


@pytest.fixture
def receipt(monkeypatch):
    monkeypatch.setattr(receipt_module, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    return Receipt()


def test_the_client_that_got_most_counts(receipt):
    receipt.advance(5)
    receipt.advance(3)
    assert receipt.offset == 5


def test_of_a_text_that_was_replaced_nothing_was_sent(receipt):
    receipt.advance(5)
    receipt.restart()
    receipt.advance(2)
    assert receipt.offset == 2


@pytest.mark.parametrize(("heard_at", "is_confirmed"), [(999.0, False), (1000.0, False), (1000.1, True)])
def test_who_is_heard_of_after_the_end_has_got_it(receipt, heard_at, is_confirmed):
    client = Client(heard_at=999.0)
    receipt.complete(7, client)
    client.heard_at = heard_at
    assert (receipt.offset, receipt.is_confirmed) == (7, is_confirmed)


def test_nothing_is_certain_of_what_was_not_sent_or_of_a_client_that_is_gone(receipt):
    assert not receipt.is_confirmed
    receipt.complete(7, Client(heard_at=2000.0))
    assert not receipt.is_confirmed
