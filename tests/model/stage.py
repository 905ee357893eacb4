"""All that a run needs, set up once for many: processes, a scripted Dify, and with several processes a Redis."""

from contextlib import asynccontextmanager

import aiohttp

from tests.model.faulty_redis import FaultyRedis
from tests.model.fleet import Fleet
from tests.model.machine import Machine
from tests.model.scripted_dify import ScriptedDify
from tests.model.world import World


class Stage:
    def __init__(self, fleet, dify, redis):
        self.fleet = fleet
        self.dify = dify
        self.redis = redis
        self._runs = 0

    async def run(self, plan) -> World:
        self._runs += 1
        await self.fleet.forget_past()
        if self.redis is not None:
            self.redis.faults.clear()
        return await Machine(World(f"r{self._runs}", self.fleet, self.dify, self.redis)).run(plan)


@asynccontextmanager
async def set_up(folder, processes, **settings):
    redis = FaultyRedis(folder) if processes > 1 else None
    dify = ScriptedDify()
    await dify.start()
    async with aiohttp.ClientSession() as http:
        if redis is not None:
            await redis.start()
            settings["REDIS_URL"] = redis.url
        fleet = Fleet(http, folder, processes, DIFY_API_URL=dify.url, **settings)
        try:
            await fleet.start()
            yield Stage(fleet, dify, redis)
        finally:
            await fleet.close()
            await dify.close()
            if redis is not None:
                await redis.close()
