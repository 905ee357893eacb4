"""A sign of life."""

import os


async def test_health_answers_with_what_is_alive(start, http, connect):
    service = await start()
    client = await connect(service)
    await client.ask("Hello", stream=True)
    await client.frame()
    async with http.get(f"{service.url}/health") as response:
        data = (await response.json())["data"]
    assert (data["status"], data["connections"], data["turns"]) == ("up", 1, 1)


async def test_it_says_which_process_answers(start, http):
    async with http.get(f"{(await start()).url}/health") as response:
        data = (await response.json())["data"]
    assert (data["worker"], data["pid"]) == (1, os.getpid())
