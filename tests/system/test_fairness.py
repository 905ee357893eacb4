"""What one caller fills, others do not feel: places at Dify, and the queue before it. Over real sockets."""

import asyncio
import secrets

import pytest

from tests import fake_dify

CONNECTIONS, AT_ONCE = 50, 8
SOON_SECONDS = 5


async def fill(connect, service, leave, *, named=False):
    """Fifty connections one after the other, each with eight questions; all are closed by `leave`."""
    for _ in range(CONNECTIONS):
        client = await connect(service)
        for _ in range(AT_ONCE):
            await client.ask("Attack", stream=True, **({"id": secrets.token_hex(4)} if named else {}))
        await client.say({"type": "ping"})
        while (await client.frame())["type"] != "pong":
            pass
        await leave(client)


async def lose(client):
    client.socket._response.connection.transport.abort()


async def say_goodbye(client):
    await client.socket.close()


def only_the_neighbour_is_answered(dify):
    async def scene(stage):
        question = (await stage.request.json())["query"]
        await (fake_dify.say("Here.") if question == "Hello" else fake_dify.until_stopped("Some "))(stage)

    dify.plays(scene)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("leave", [say_goodbye, lose])
async def test_who_fills_the_queue_and_leaves_keeps_nobody_waiting(with_dify, dify, connect, events, leave, named):
    only_the_neighbour_is_answered(dify)
    service = await with_dify()
    await fill(connect, service, leave, named=named)
    neighbour = await connect(service)
    async with asyncio.timeout(SOON_SECONDS):
        assert (await neighbour.answer("Hello"))["content"] == "Here."


async def test_who_takes_ever_new_tokens_has_no_more_at_once(with_dify, dify, connect):
    dify.plays(fake_dify.say("Here.", pause=0.01))
    service = await with_dify(dify_max_concurrency=40)
    client, errors = await connect(service), 0
    for _ in range(4):
        await client.say({"type": "resume", "token": secrets.token_hex(16)})
        for _ in range(AT_ONCE):
            await client.ask("Attack")
    await client.say({"type": "ping"})
    while (frame := await client.frame())["type"] != "pong":
        errors += frame.get("reason") == "too_many_turns"
    assert errors >= 3 * AT_ONCE
