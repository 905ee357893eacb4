"""Runs a plan, step by step, and looks at what has to hold after each one and in the end."""

import asyncio
from contextlib import suppress

import aiohttp

from tests.model.people import Connection
from tests.model.screens import Person, State
from tests.model.scripts import SCRIPTS
from tests.model.turns import Stop
from tests.model.world import World

SETTLE_SECONDS = 45
REST_SECONDS = 10
REPLACE_SECONDS = 3


class Machine:
    """`run` returns the world with all that went wrong in it. A step that has nothing to act on does nothing."""

    def __init__(self, world: World):
        self.world = world
        self.people = {name: Person(name) for name in "AB"}
        self.devices: dict[str, Connection] = {}
        self._all: list[Connection] = []
        self._replaced: list[tuple[Connection, float]] = []
        self._background: set[asyncio.Task] = set()

    async def run(self, plan) -> World:
        try:
            for step in plan:
                self.world.log(f"--- {step}")
                name, *arguments = step.split()
                await getattr(self, f"_{name}")(*arguments)
                if self.world.violations:
                    break
            if not self.world.violations:
                await self._settle()
        finally:
            await asyncio.gather(*self._background)
            for connection in self._all:
                await connection.leave()
        await self._come_to_rest()
        return self.world

    async def _wait(self, seconds):
        await asyncio.sleep(float(seconds))

    async def _connect(self, device, slot):
        current = self.devices.get(device)
        if current is None or not current.is_open:
            await self._open(device, int(slot))

    async def _open(self, device, slot, path=None) -> Connection | None:
        """None where the process does not accept any more."""
        world, person, member = self.world, self.people[device[0]], self.world.fleet.members[slot]
        path = path or f"/ws/chat/{world.run_id}-{device}"
        try:
            socket = await world.fleet.http.ws_connect(f"{member.url}{path}", max_msg_size=0)
        except (aiohttp.ClientError, OSError) as error:
            if member.ended_at is None:
                world.report("close", f"{device}: no connection to {member.name}: {error!r}")
            return None
        is_first = person.token is None
        connection = self.devices[device] = Connection(world, person, device, member, socket)
        self._all.append(connection)
        await connection.greet()
        if not is_first and connection.is_open:
            await connection.introduce()
        return connection

    async def _ask(self, device, kind, how):
        if connection := self._connection(device):
            await connection.ask(self.world.turn(device[0], kind), stream=how == "stream")

    async def _resume(self, device, kind, which, number):
        if connection := self._connection(device):
            states = self.people[device[0]].states(kind)
            state = states[round(float(which) * (len(states) - 1))]
            await connection.resume(self.world.turn(device[0], kind), state, knows_number=number == "known")

    async def _resume_stop(self, device, kind, which, number):
        await self._resume(device, kind, which, number)
        await self._stop(device, kind)

    async def _stop(self, device, kind):
        if connection := self._connection(device):
            self._note_stop(connection, self.world.turn(device[0], kind))
            await connection.say(type="stop", id=kind)

    async def _stop_all(self, device):
        if connection := self._connection(device):
            for kind in SCRIPTS:  # also what is asked elsewhere at the same moment
                self._note_stop(connection, self.world.turn(device[0], kind))
            await connection.say(type="stop")

    def _note_stop(self, connection, turn):
        stop = Stop(self.world.now(), connection.member)
        turn.stops.append(stop)
        connection.stops.append(stop)

    async def _cut(self, device, how):
        if connection := self._connection(device):
            await connection.leave(how=how)

    async def _replace(self, device, slot):
        if older := self._connection(device):
            older.is_replaced = True
            newer = await self._open(device, int(slot))
            if newer is None:
                self.devices[device] = older
                older.is_replaced = False
            else:
                self._replaced.append((older, self.world.now()))

    async def _kill(self, slot):
        await self.world.fleet.kill(int(slot))

    async def _terminate(self, slot):
        await self.world.fleet.terminate(int(slot))

    async def _redis(self, fault, number):
        """In the background: meanwhile the others go on."""
        if not any(fault.until is None for fault in self.world.redis.faults):
            self._background.add(asyncio.create_task(self.world.redis.play(fault, float(number), self.world.log)))
            await asyncio.sleep(0)

    def _connection(self, device):
        connection = self.devices.get(device)
        return connection if connection is not None and connection.is_open else None

    async def _settle(self):
        """All faults pass; who waits gets what it waits for; and every process says the same of each turn."""
        self.world.log("--- all faults pass, and everybody waits")
        await asyncio.gather(*self._background)
        await self._all_waits_over(self._all)
        await self._judge_replaced()
        if self.world.violations:
            return
        self.world.log("--- everybody looks at everything, through each process")
        slots = range(len(self.world.fleet.members))
        people = [person for person in self.people.values() if person.token is not None]
        late = [await self._look(person, slot) for slot in slots for person in people]
        await self._all_waits_over([connection for connection in late if connection])
        self._judge_dify()

    async def _look(self, person, slot):
        connection = await self._open(f"{person.name}{slot + 7}", slot)
        if connection is not None:
            for turn in self.world.turns_of(person.name):
                await connection.resume(turn, State(), knows_number=True)
        return connection

    async def _all_waits_over(self, connections):
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while self._next_due(connections) > self.world.now() and not self.world.violations:
                    await asyncio.sleep(0.02)
        for connection in connections:
            for wait in connection.open_waits if not self.world.violations else ():
                waited = self.world.now() - wait.since
                self.world.report("late", f"{connection.name} still waits for {wait.kind} after {waited:.1f} s")

    def _next_due(self, connections):
        """When somebody will have waited too long; 0 where nobody waits."""
        return min(
            (
                wait.since + self.world.turn(connection.person.name, wait.kind).deadline(wait.since)
                for connection in connections
                for wait in connection.open_waits
            ),
            default=0,
        )

    async def _judge_replaced(self):
        for older, at in self._replaced:
            while older.is_open and self.world.now() < at + REPLACE_SECONDS:
                await asyncio.sleep(0.02)
            is_due = not self.world.is_redis_disturbed(at - REPLACE_SECONDS, at + REPLACE_SECONDS)
            if older.is_open and is_due and older.member.ended_at is None:
                self.world.report("close", f"{older.name} was replaced, and is still open")

    def _judge_dify(self):
        dify = self.world.dify
        for turn in (turn for turn in self.world.turns.values() if turn.asked):
            tries = dify.asked[turn.query]
            if tries > turn.most_tries():
                self.world.report("asked", f"{turn.person} {turn.kind} was asked {tries} times")
            for rule, text in turn.judge_stops():
                self.world.report(rule, text)
        for trouble in dify.troubles:
            self.world.report("dify", trouble)

    async def _come_to_rest(self):
        """Nobody is connected, and nothing runs."""
        fleet = self.world.fleet
        for member in fleet.members:
            health = {}
            try:
                async with asyncio.timeout(REST_SECONDS):
                    while not self._is_at_rest(health):
                        await asyncio.sleep(0.05)
                        health = await member.health(fleet.http)
            except (TimeoutError, aiohttp.ClientError):
                self.world.report("rest", f"{member.name} does not come to rest: {health}")
        for member in (*fleet.members, *fleet.past):
            for fault in member.faults():
                self.world.report("log", f"{member.name}: {fault}")

    def _is_at_rest(self, health):
        processes = len(self.world.fleet.members) if self.world.redis else health.get("processes")
        return (
            health.get("connections") == health.get("turns") == health.get("answers_taken") == 0
            and health.get("processes") == processes
        )
