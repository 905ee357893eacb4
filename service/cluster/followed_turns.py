"""The turns of other processes that this one follows."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from service.answers.base import Answer, BrokenAnswer
from service.chat.followed_turn import FollowedTurn
from service.chat.turn_failures import TURN_UNREACHABLE, UNKNOWN_TURN
from service.cluster.availability import Availability
from service.cluster.membership import Membership
from service.cluster.outbox import Outbox
from service.cluster.stored_turns import StoredTurns
from service.cluster.wire_format import Follow, Unfollow, Updates, decode_parts
from service.redis_link import REDIS_ERRORS
from service.tasks import Tasks

SILENCE_SECONDS = 6.0
"""After so long without news a turn is followed anew: its process may have lost sight of who follows."""


@dataclass(slots=True)
class _Following:
    """`position` is that of the next updates; `asked` are processes that have not said yet that they know nothing."""

    turn: FollowedTurn
    asked: set[str]
    position: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class FollowedTurns:
    """Is the Writer of each. `stop`, the MultiProcess's, tells all others; `heal` asks the source for the rest."""

    outbox: Outbox
    members: Membership
    redis: Availability
    stored: StoredTurns
    stop: Callable[[FollowedTurn], None]
    heal: Callable[[BrokenAnswer], Answer | None]
    _followings: dict[int, _Following] = field(default_factory=dict)
    _numbers: dict[FollowedTurn, int] = field(default_factory=dict)
    _next_number: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    _tasks: Tasks = field(default_factory=Tasks)

    def follow(self, turn: FollowedTurn) -> None:
        self.unfollow(turn)
        if not self.redis.is_connected:
            turn.lose(TURN_UNREACHABLE)
        elif turn.by and self.members.is_dead(turn.by):
            turn.lose_writer()
        elif asked := self._writers(turn):
            number = self._numbers[turn] = self._next_number()
            self._followings[number] = _Following(turn, set(asked))
            offset, replacements, progress = turn.place
            for process in asked:
                self.outbox.post(process, Follow(turn.key, number, offset, replacements, progress))
        else:
            self._lose_unknown(turn)

    def unfollow(self, turn: FollowedTurn) -> None:
        if (number := self._numbers.pop(turn, None)) is not None:
            following = self._followings.pop(number)
            for process in {turn.by} if turn.by else following.asked:
                self.outbox.post(process, Unfollow(number))

    def keep(self, turn: FollowedTurn) -> None:
        self.stored.put_ended(turn.key, turn)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.spawn(work)

    async def close(self) -> None:
        await self._tasks.finish(within=0)

    def receive(self, by: str, updates: Updates) -> None:
        """A letter may come twice; where one is missing, the turn is followed anew from where it is."""
        following = self._followings.get(updates.number)
        if following is None or (following.position and by != following.turn.by):
            self.outbox.post(by, Unfollow(updates.number))
        elif updates.position > following.position:
            following.turn.refollow()
        elif updates.position == following.position:
            following.position += 1
            turn = following.turn
            turn.by, turn.checksum = by, updates.checksum
            turn.receive(decode_parts(updates.parts), updates.replacements)
            if updates.ending is not None:
                self._forget(turn)
                turn.end(updates.ending)

    def receive_unknown(self, by: str, number: int) -> None:
        following = self._followings.get(number)
        if following is None:
            return
        following.asked.discard(by)
        if following.asked or following.position:
            return
        self._forget(following.turn)
        if following.turn.by:
            self._tasks.spawn(self._read_end(following.turn))
        else:
            self._lose_unknown(following.turn)

    def refollow(self, by: str | None = None) -> None:
        """That process has lost sight of its followers, or this one of all others."""
        for turn in list(self._numbers):
            if by in (None, turn.by):
                turn.refollow()

    def look_after(self) -> None:
        """Those of dead processes are lost; of a silent one it is asked whether it is still followed."""
        silent_since = time.monotonic() - SILENCE_SECONDS
        for turn in list(self._numbers):
            if turn.by and self.members.is_dead(turn.by):
                turn.lose_writer()
            elif turn.is_current and turn.heard_at < silent_since:
                turn.refollow()

    def suspend(self) -> None:
        """Redis is lost."""
        for turn in list(self._numbers):
            turn.suspend()

    async def _read_end(self, turn: FollowedTurn) -> None:
        """Of one that its process does not know any more."""
        try:
            snapshot = await self.stored.get(turn.key)
        except REDIS_ERRORS:
            turn.lose(TURN_UNREACHABLE)
            return
        if snapshot is None or snapshot.ending is None:
            turn.lose(UNKNOWN_TURN)
        else:
            turn.receive(decode_parts(snapshot.parts), snapshot.replacements)
            turn.end(snapshot.ending)

    def _writers(self, turn: FollowedTurn) -> list[str]:
        """Who may run it."""
        return [turn.by] if turn.by else self.members.others()

    def _lose_unknown(self, turn: FollowedTurn) -> None:
        """Right after Redis was away, what it does not know may be stored there a moment later."""
        turn.lose(UNKNOWN_TURN if self.redis.is_settled else TURN_UNREACHABLE)

    def _forget(self, turn: FollowedTurn) -> None:
        del self._followings[self._numbers.pop(turn)]
