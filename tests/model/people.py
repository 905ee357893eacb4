"""Clients: what they say, what they are told, and whether that may be."""

import asyncio
import json
from contextlib import suppress

import aiohttp

from tests.model.screens import State, Wait
from tests.told import told

REPLACED, RESTARTING = 4500, 1012
RETRY_SECONDS = 0.5
GREETING_SECONDS = 5


class Connection:
    """A device's connection to a process, read until it is closed."""

    def __init__(self, world, person, name, member, socket):
        self.world = world
        self.person = person
        self.member = member
        self.name = f"{name}@{member.name}"
        self.waits: dict[str, Wait] = {}
        self.stops = []
        self.is_replaced = False
        self.left_at = None
        self.closed_with = None
        self._socket = socket
        self._tasks = set()
        self._greeted = asyncio.Event()
        self._spawn(self._read())

    @property
    def is_open(self):
        return self.closed_with is None and self.left_at is None

    @property
    def open_waits(self):
        return [wait for wait in self.waits.values() if not wait.is_over] if self.is_open else []

    async def greet(self):
        """The first connection of a person gives it its token; later ones say whose they are."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GREETING_SECONDS):
                await self._greeted.wait()
                return
        if self.is_open and self.member.ended_at is None:
            self.world.report("late", f"{self.name}: no greeting")

    async def say(self, **frame):
        """False where the connection is over."""
        if not self.is_open:
            return False
        shown = {key: value for key, value in frame.items() if key not in ("token", "content")}
        self.world.log(f"{self.name} > {json.dumps(shown, ensure_ascii=False)}")
        try:
            await self._socket.send_str(json.dumps(frame))
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def introduce(self):
        await self.say(type="resume", token=self.person.token)

    async def ask(self, turn, *, stream):
        now = self.world.now()
        wait = self.waits.get(turn.kind)
        if wait is not None and not wait.is_over:
            wait.requests += 1
        else:
            self.waits[turn.kind] = Wait(turn.kind, now, now, State(), stream, is_ask=True)
        turn.note_asked(now, self.member)
        await self.say(type="chat", id=turn.kind, content=turn.query, stream=stream, events=stream)

    async def resume(self, turn, state, *, knows_number, since=None):
        """Nothing while the turn is under way to this connection."""
        wait = self.waits.get(turn.kind)
        if wait is not None and not wait.is_over:
            return
        now = self.world.now()
        self.waits[turn.kind] = Wait(turn.kind, since or now, now, state, streams=True)
        frame = {"type": "resume", "token": self.person.token, "id": turn.kind, "offset": len(state.text)}
        if knows_number and state.replacements is not None:
            frame["replacements"] = state.replacements
        await self.say(**frame)

    async def leave(self, *, how="close"):
        """Waits until the connection is over; what was said just before may be lost with it."""
        if self.left_at is None:
            self.left_at = self.world.now()
            for stop in self.stops:
                stop.was_sent_whole &= self.left_at - stop.at > 0.5
        if how == "reset":
            self._socket._response.connection and self._socket._response.connection.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self):
        async for message in self._socket:
            told.heard.append(message.data)
            self._take(json.loads(message.data))
        self.closed_with = self._socket.close_code or 1006
        if self.left_at is None:
            self._judge_close()

    def _judge_close(self):
        self.world.log(f"{self.name} < closed with {self.closed_with}")
        is_right = {
            REPLACED: self.is_replaced,
            RESTARTING: self.member.ended_at is not None,
            1006: self.member.ended_at is not None,
        }.get(self.closed_with, False)
        if not is_right:
            self.world.report("close", f"{self.name} was closed with {self.closed_with}")

    def _take(self, frame):
        kind, turn_id = frame["type"], frame.get("id")
        self._log(frame)
        if kind == "chat_delta":
            self._take_delta(turn_id, frame)
        elif kind in ("chat", "error"):
            self._take_end(turn_id, frame)
        elif kind == "system":
            self.person.token = self.person.token or frame.get("resume_token")
            self._greeted.set()

    def _log(self, frame):
        content = frame.get("content", "")
        shown = content if len(content) <= 60 else f"{content[:28]}…{content[-28:]} ({len(content)})"
        fields = {key: value for key, value in frame.items() if key not in ("resume_token", "usage", "role")}
        fields = {key: value for key, value in fields.items() if not key.endswith("_id")}
        if frame["type"] != "heartbeat":
            self.world.log(f"{self.name} < {json.dumps(fields | {'content': shown}, ensure_ascii=False)}")

    def _take_delta(self, turn_id, delta):
        wait = self.waits.get(turn_id)
        if wait is None or (wait.is_over and not wait.may_restart):
            self.world.report("frames", f"{self.name}: text of {turn_id}, for which it does not wait")
            return
        turn = self.world.turn(self.person.name, turn_id)
        turn.note_seen()
        wait.labels.add(delta.get("source"))
        if problem := self._write(wait, turn, delta):
            self.world.report("text", f"{self.name}: {turn_id}: {problem}")
        self.person.states(turn_id).append(wait.state)

    def _write(self, wait, turn, delta):
        """What is wrong with the delta, in words."""
        text, generation, replacements = wait.state
        content, offset = delta["content"], delta["offset"]
        if delta.get("replace"):
            text, replacements = content, delta.get("replacements")
        elif offset == len(text):
            text += content
        elif offset == 0 and wait.may_restart:
            text, wait.may_restart = content, False
        else:
            return f"a delta at {offset}, and the client has {len(text)}"
        wait.state = State(text, generation, replacements)
        if "mock" in wait.labels or turn.is_forked:
            return None
        found = turn.script.generation_of(text, generation)
        if found is None:
            return f"no state that it may be in after generation {generation}: {text!r}"
        wait.state = State(text, found, replacements)
        return None

    def _take_end(self, turn_id, frame):
        wait = self.waits.get(turn_id)
        if turn_id is None or wait is None:
            self.world.report("frames", f"{self.name}: an end of {turn_id}, for which it does not wait")
        elif "retry_after" in frame and not (wait.is_ask and self.world.is_calm(wait.since)):
            self._resume_later(wait, frame["retry_after"])
        elif wait.ends >= wait.requests:
            self.world.report("frames", f"{self.name}: {turn_id} ended once more")
        else:
            wait.ends += 1
            wait.may_restart = wait.requests > wait.ends
            self._judge_end(self.world.turn(self.person.name, turn_id), wait, frame)

    def _judge_end(self, turn, wait, frame):
        waited, allowed = self.world.now() - wait.since, turn.deadline(wait.since)
        if waited > allowed:
            self.world.report("late", f"{self.name}: {waited:.1f} s for {turn.kind}, {allowed:.1f} s are allowed")
        if frame.get("reason") == "unknown_turn":
            if turn.has_begun(wait.asked_at) and not turn.may_be_gone:
                self.world.report("unknown", f"{self.name}: {turn.kind} is unknown")
            return
        if frame.get("reason") == "restarting" and frame["type"] == "error" and wait.is_ask:
            if self.member.ended_at is None:
                self.world.report("end", f"{self.name}: {turn.kind} was refused, and nothing restarts")
            return
        turn.note_seen()
        for rule, text in turn.judge(frame, self.name):
            self.world.report(rule, text)
        if frame["type"] == "chat" and wait.streams:
            self._judge_text(turn, wait, frame)

    def _judge_text(self, turn, wait, end):
        if wait.state.text.rstrip() != turn.end_of(end)[3]:
            self.world.report("text", f"{self.name}: {turn.kind} is {end['content']!r}, and was {wait.state.text!r}")
        if wait.labels - {end.get("source") if end.get("source") == "mock" else None}:
            self.world.report("label", f"{self.name}: {turn.kind} is from {end.get('source')}, and said {wait.labels}")
        if end.get("source") == "mock" and not end.get("reason"):
            self.world.report("label", f"{self.name}: {turn.kind} is a mock, and does not say why")

    def _resume_later(self, wait, retry_after_ms):
        async def resume():
            await asyncio.sleep(min(retry_after_ms / 1000, RETRY_SECONDS))
            turn, state = self.world.turn(self.person.name, wait.kind), wait.state
            wait.ends = 1  # makes place for the next one
            await self.resume(turn, state, knows_number=True, since=wait.since)

        self._spawn(resume())

    def _spawn(self, work):
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
