"""All that a run needs, set up once for many: processes, a scripted Dify, and with several processes a Redis."""

from contextlib import asynccontextmanager

import aiohttp

from tests.model.faulty_redis import FaultyRedis
from tests.model.fleet import Fleet
from tests.model.machine import Machine
from tests.model.scripted_dify import ScriptedDify
from tests.model.world import World


class Stage:
    """With `degrades` a mock stands in for what Dify refuses."""

    def __init__(self, fleet, dify, redis, *, degrades):
        self.fleet = fleet
        self.dify = dify
        self.redis = redis
        self.degrades = degrades
        self._runs = 0

    async def run(self, plan) -> World:
        self._runs += 1
        await self.fleet.forget_past()
        if self.redis is not None:
            self.redis.faults.clear()
        world = World(f"r{self._runs}", self.fleet, self.dify, self.redis, degrades=self.degrades)
        return await Machine(world).run(plan)


@asynccontextmanager
async def set_up(folder, processes, *, degrades=True):
    redis = FaultyRedis(folder) if processes > 1 else None
    dify = ScriptedDify()
    await dify.start()
    settings = {"DIFY_API_URL": dify.url, "DEGRADE_TO_MOCK": str(degrades)}
    async with aiohttp.ClientSession() as http:
        if redis is not None:
            await redis.start()
            settings["REDIS_URL"] = redis.url
        fleet = Fleet(http, folder, processes, settings)
        try:
            await fleet.start()
            yield Stage(fleet, dify, redis, degrades=degrades)
        finally:
            await fleet.close()
            await dify.close()
            if redis is not None:
                await redis.close()
