"""uvicorn's server, as ours ends it."""

import asyncio
import signal
import time

from tests import fake_dify
from tests.fake_dify import KEY
from tests.system.test_deploy import ask


async def test_a_second_signal_ends_it_at_once(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY)).until_up(http)
    client = await connect(process)
    await ask(client)
    process.process.send_signal(signal.SIGTERM)
    assert "retry_after" in (await client.frame())
    started_at = time.monotonic()
    await asyncio.sleep(0.6)  # two signals within half a second are one request
    code, _ = await process.end(signal.SIGTERM)
    assert code == 0
    assert time.monotonic() - started_at < 6


async def test_a_dify_that_ignores_stops_delays_the_end_by_a_few_seconds_at_most(run, http, connect, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    dify.ignores_stops = True
    process = await (await run(DIFY_API_URL=dify.url, DIFY_API_KEY=KEY, DRAIN_TIMEOUT="0.1")).until_up(http)
    await ask(await connect(process))
    started_at = time.monotonic()
    code, _ = await process.end(signal.SIGTERM)
    assert code == 0
    assert time.monotonic() - started_at < 6
    dify.release()
