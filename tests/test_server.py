"""uvicorn's server, as ours ends it."""

import asyncio
import signal

from tests import fake_dify
from tests.fake_dify import KEY
from tests.system.test_deploy import ask


async def test_a_second_signal_ends_it_at_once(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="600")).until_up(http)
    client = await connect(process)
    await ask(client)
    process.process.send_signal(signal.SIGTERM)
    assert "retry_after" in (await client.frame())
    await asyncio.sleep(0.6)  # two signals within half a second are one request
    assert (await process.end(signal.SIGTERM))[0] == 0


async def test_a_dify_that_ignores_stops_does_not_keep_it_from_ending(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    dify.ignores_stops = True
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="0.1")).until_up(http)
    await ask(await connect(process))
    assert (await process.end(signal.SIGTERM))[0] == 0
    dify.release()
