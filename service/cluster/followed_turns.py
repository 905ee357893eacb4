"""The turns of other processes that this one follows."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from service.answers.base import Answer, BrokenAnswer
from service.chat.failures import TURN_UNREACHABLE, UNKNOWN_TURN
from service.chat.followed_turn import FollowedTurn
from service.cluster.wire_format import Follow, Message, Unfollow, Updates, decode_parts
from service.tasks import Tasks

SILENCE_SECONDS = 6.0
"""After so long without news a turn is followed anew: its process may have lost sight of who follows."""


@dataclass(slots=True)
class _Following:
    """`position` is that of the next updates; `asked` are processes that have not said yet that they know nothing."""

    turn: FollowedTurn
    asked: set[str]
    position: int = 0


@dataclass(slots=True, frozen=True)
class Link:
    """To the other processes. `post` does nothing while Redis is lost."""

    post: Callable[[str, Message], None]
    is_connected: Callable[[], bool]
    is_settled: Callable[[], bool]
    """Not right after Redis was away: what it does not know may be stored there a moment later."""
    is_dead: Callable[[str], bool]
    others: Callable[[], Iterable[str]]
    stop: Callable[[FollowedTurn], None]
    keep: Callable[[FollowedTurn], None]
    heal: Callable[[BrokenAnswer], Answer | None]
    look_again: Callable[[FollowedTurn], None]
    """At the snapshot of a turn whose process does not know it any more."""


class FollowedTurns:
    """Is the Writer of each."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._followings: dict[int, _Following] = {}
        self._numbers: dict[FollowedTurn, int] = {}
        self._next_number = itertools.count(1).__next__
        self._tasks = Tasks()

    def follow(self, turn: FollowedTurn) -> None:
        self.unfollow(turn)
        if not self._link.is_connected():
            turn.lose(TURN_UNREACHABLE)
        elif turn.by and self._link.is_dead(turn.by):
            turn.lose_writer()
        elif asked := self._writers(turn):
            number = self._numbers[turn] = self._next_number()
            self._followings[number] = _Following(turn, set(asked))
            offset, replacements, progress = turn.place
            for process in asked:
                self._link.post(process, Follow(turn.key, number, offset, replacements, progress))
        else:
            self._lose_unknown(turn)

    def unfollow(self, turn: FollowedTurn) -> None:
        if (number := self._numbers.pop(turn, None)) is not None:
            following = self._followings.pop(number)
            for process in {turn.by} if turn.by else following.asked:
                self._link.post(process, Unfollow(number))

    def stop(self, turn: FollowedTurn) -> None:
        self._link.stop(turn)

    def keep(self, turn: FollowedTurn) -> None:
        self._link.keep(turn)

    def heal(self, broken: BrokenAnswer) -> Answer | None:
        return self._link.heal(broken)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.spawn(work)

    async def close(self) -> None:
        await self._tasks.finish(within=0)

    def receive(self, by: str, updates: Updates) -> None:
        """A letter may come twice; where one is missing, the turn is followed anew from where it is."""
        following = self._followings.get(updates.number)
        if following is None or (following.position and by != following.turn.by):
            self._link.post(by, Unfollow(updates.number))
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
            self._link.look_again(following.turn)
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
            if turn.by and self._link.is_dead(turn.by):
                turn.lose_writer()
            elif turn.is_current and turn.heard_at < silent_since:
                turn.refollow()

    def suspend(self) -> None:
        """Redis is lost."""
        for turn in list(self._numbers):
            turn.suspend()

    def _writers(self, turn: FollowedTurn) -> list[str]:
        """Who may run it."""
        return [turn.by] if turn.by else list(self._link.others())

    def _lose_unknown(self, turn: FollowedTurn) -> None:
        turn.lose(UNKNOWN_TURN if self._link.is_settled() else TURN_UNREACHABLE)

    def _forget(self, turn: FollowedTurn) -> None:
        del self._followings[self._numbers.pop(turn)]
