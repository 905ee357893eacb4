"""What is in Redis: a snapshot of each turn, an inbox for each process, and a table of the processes.

Nothing of it hangs on the clock of Redis but when it forgets. Redis 6.2 or newer.
"""

import math
import re
from collections.abc import Collection, Iterable
from typing import Any

from service.cluster.wire_format import Letter, Message, decode_letter, encode_letter
from service.redis_link import Command, RedisLink
from service.redis_queue import RedisQueue

RUNNING_SECONDS = 3600
"""So long is a turn kept at most whose process has died."""
INBOX_SECONDS = 60
MAX_LETTERS = 10_000
"""Of an inbox that nobody reads."""
LETTERS_AT_ONCE = 500
KEYS_AT_ONCE = 1_000
_GLOB = re.compile(r"[\\*?\[\]]")
# KEYS: a turn. ARGV: what it was claimed with.
_UNCLAIM = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end"


class RedisStore:
    """Keys of one service, under `prefix`. Two connections: one waits for letters, the other does all else.

    Ended turns are kept for `resume_window` seconds. Methods raise REDIS_ERRORS; those without `async` only make
    commands, for `queue` or `execute`.
    """

    def __init__(self, url: str, prefix: str, resume_window: float) -> None:
        self._letters = RedisLink(url)
        self._commands = RedisLink(url, on_renewal=self._letters.renew)  # after a failover both lead elsewhere
        self.queue = RedisQueue(self._commands)
        self._prefix = prefix
        self._processes = self._name("processes")
        self._read: list[bytes] = []
        self.ended_seconds = max(1, math.ceil(resume_window))

    async def execute(self, commands: list[Command]) -> list[Any]:
        return await self._commands.execute(commands)

    async def beat(self, process: str, sign: str, forgotten: Iterable[str] = ()) -> tuple[bool, dict[str, str]]:
        """Whether this process was in the table already, and the signs of all processes in it now."""
        removals: list[Command] = [("HDEL", self._processes, other) for other in forgotten]
        replies = await self.execute([
            *removals,
            ("HSET", self._processes, process, sign),
            ("HGETALL", self._processes),
            ("EXPIRE", self._inbox(process), INBOX_SECONDS),
        ])  # fmt: skip
        is_new, table, _ = replies[-3:]
        if isinstance(is_new, Exception):
            await self._remove_foreign(self._processes, is_new)
            raise is_new
        signs = {name.decode(): sign.decode() for name, sign in zip(table[::2], table[1::2], strict=True)}
        return not is_new, signs

    async def has(self, process: str) -> bool:
        return bool(await self.queue.ask(("HEXISTS", self._processes, process)))

    async def leave(self, process: str) -> None:
        await self.execute([("HDEL", self._processes, process), ("UNLINK", self._inbox(process))])

    async def read_letters(self, process: str, wait: float) -> list[Letter]:
        """After up to `wait` seconds. They are removed by the next call: a lost reply loses none, but repeats some."""
        inbox = self._inbox(process)
        removal: list[Command] = [("XDEL", inbox, *self._read)] if self._read else []
        block = round(wait * 1000)
        read: Command = ("XREAD", "COUNT", LETTERS_AT_ONCE, "BLOCK", block, "STREAMS", inbox, "0")
        reply = (await self._letters.execute([*removal, read]))[-1]
        if isinstance(reply, Exception) and str(reply).startswith("UNBLOCKED"):  # it has become a replica
            await self._letters.disconnect()
            return []
        if isinstance(reply, Exception):
            if not await self._remove_foreign(inbox, reply):
                raise reply
            return []
        items = reply[0][1] if reply else []
        self._read = [item_id for item_id, _ in items]
        return [decode_letter(fields[1]) for _, fields in items if fields]

    def claim(self, key: str, snapshot: bytes) -> Command:
        """The reply is None where somebody has claimed it before."""
        return "SET", self._turn(key), snapshot, "NX", "EX", RUNNING_SECONDS

    def unclaim(self, key: str, snapshot: bytes) -> Command:
        """Unless somebody else has claimed it."""
        return "EVAL", _UNCLAIM, 1, self._turn(key), snapshot

    def get(self, key: str) -> Command:
        return "GET", self._turn(key)

    def put(self, key: str, snapshot: bytes, seconds: int) -> Command:
        return "SET", self._turn(key), snapshot, "EX", seconds

    def forget(self, keys: Iterable[str]) -> Command:
        return "UNLINK", *map(self._turn, keys)

    async def erase(self, owners: Collection[str]) -> None:
        """Whatever turns of these owners are stored, by whichever process: all keys are looked at."""
        start = self._turn("").encode()
        pattern, cursor = _GLOB.sub(r"\\\g<0>", self._turn("")) + "*", "0"
        while True:
            scan: Command = ("SCAN", cursor, "MATCH", pattern, "COUNT", KEYS_AT_ONCE)
            cursor, names = await self.queue.ask(scan)
            found = [name for name in names if name[len(start) :].partition(b":")[0].decode() in owners]
            if found:
                self.queue.post(("UNLINK", *found))
            if int(cursor) == 0:
                return

    def post(self, process: str, by: str, messages: Iterable[Message]) -> tuple[Command, ...]:
        inbox = self._inbox(process)
        letter = encode_letter(by, messages)
        return (
            ("XADD", inbox, "MAXLEN", "~", MAX_LETTERS, "*", "letter", letter),
            ("EXPIRE", inbox, INBOX_SECONDS),
        )

    async def close(self) -> None:
        await self.queue.close()
        await self._letters.disconnect()

    async def _remove_foreign(self, name: str, error: Exception) -> bool:
        """A key of ours that somebody else has made, of another kind, would stay for ever."""
        if is_foreign(error):
            await self.execute([("UNLINK", name)])
        return is_foreign(error)

    def _turn(self, key: str) -> str:
        return self._name("turn", key)

    def _inbox(self, process: str) -> str:
        return self._name("inbox", process)

    def _name(self, *words: str) -> str:
        return ":".join((self._prefix, *words))


def is_foreign(error: Exception) -> bool:
    """A key is of another kind than ours: it is not Redis that is lost."""
    return str(error).startswith("WRONGTYPE")
