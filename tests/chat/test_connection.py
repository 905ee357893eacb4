"""What a client is sent, in time; and how its connection is closed."""

import asyncio

import pytest

from service.chat import close_codes, connection
from service.chat.connection import Connection
from service.chat.server_messages import System, encode
from tests.chat.sessions import Transport
from tests.conftest import eventually

HI = System("Hi")


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def client(transport):
    return Connection(transport)


async def test_a_client_that_takes_nothing_is_cut_off_as_slow(client, transport, monkeypatch):
    monkeypatch.setattr(connection, "SEND_TIMEOUT_SECONDS", 0.02)
    transport.blocked = True
    sending = asyncio.create_task(client.send(HI))
    await eventually(lambda: transport.aborted)
    assert client.close_code is close_codes.SLOW
    sending.cancel()


async def test_a_close_that_cannot_be_written_drops_the_connection(client, transport, monkeypatch):
    monkeypatch.setattr(connection, "CLOSE_TIMEOUT_SECONDS", 0.02)
    transport.blocked = True
    await client.close(close_codes.IDLE)
    assert transport.aborted


async def test_a_client_that_takes_a_message_in_time_is_not_cut_off_later(client, transport, monkeypatch):
    monkeypatch.setattr(connection, "SEND_TIMEOUT_SECONDS", 0.02)
    taken = []

    async def send(message):
        taken.append(message)

    monkeypatch.setattr(transport, "send", send)
    transport.blocked = True
    assert await client.send(HI)
    await asyncio.sleep(0.04)
    assert (taken, transport.aborted, client.close_code) == ([encode(HI)], False, None)


async def test_who_is_told_already_is_closed_without_a_word(client, transport):
    await client.close(close_codes.RESTARTING, is_told=True)
    assert (transport.frames, transport.closed) == ([], (1012, close_codes.RESTARTING.reason))


async def test_nothing_is_written_after_the_close(client, transport):
    assert client.write(HI)
    transport.blocked = True
    assert not client.write(HI)
    transport.blocked = False
    await client.close(close_codes.REPLACED)
    sent = len(transport.frames)
    assert not client.write(HI)
    assert not await client.send(HI)
    await client.close(close_codes.IDLE)
    assert (len(transport.frames), transport.closed) == (sent, (4500, close_codes.REPLACED.reason))


async def test_a_close_says_why_and_is_not_called_slow_afterwards(client, transport, monkeypatch):
    monkeypatch.setattr(connection, "SEND_TIMEOUT_SECONDS", 0.02)
    transport.blocked = True
    sending = asyncio.create_task(client.send(HI))
    await asyncio.sleep(0)
    transport.blocked = False
    await client.close(close_codes.IDLE)
    assert (transport.frames[-1]["content"], transport.closed) == (
        close_codes.IDLE.reason, (4000, close_codes.IDLE.reason),
    )  # fmt: skip
    await asyncio.sleep(0.04)
    assert (client.close_code, transport.aborted) == (close_codes.IDLE, False)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
