"""The turns of this process that others may follow, while they run and as long as they are kept."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from service.chat.running_turn import RunningTurn
from service.chat.turn_status import CLIENT_STOPPED
from service.cluster.published_turn import PublishedTurn
from service.cluster.wire_format import Follow, Message, Unknown

WRITE_SECONDS = 0.05
"""What is written meanwhile goes to the followers together; an end goes at once."""


class PublishedTurns:
    """By key. `post` sends a message to a process."""

    def __init__(self, post: Callable[[str, Message], None]) -> None:
        self._post = post
        self._turns: dict[str, PublishedTurn] = {}
        self._running: dict[str, PublishedTurn] = {}
        self._followed: dict[str, PublishedTurn] = {}
        self._listeners: dict[str, Callable[[], None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[PublishedTurn]:
        return iter(list(self._turns.values()))

    def get(self, key: str) -> PublishedTurn | None:
        return self._turns.get(key)

    def add(self, key: str, turn: RunningTurn, *, is_claimed: bool) -> None:
        self._turns[key] = self._running[key] = PublishedTurn(key, turn, is_claimed)

    def end(self, key: str) -> PublishedTurn | None:
        """It runs no longer."""
        self._running.pop(key, None)
        return self._turns.get(key)

    def remove(self, key: str) -> PublishedTurn | None:
        self._running.pop(key, None)
        if (published := self._turns.pop(key, None)) is not None:
            published.lose_followers()
            self._look_after(published)
        return published

    def due(self, now: float) -> list[PublishedTurn]:
        """Those that run, and have changed since a snapshot of them was made some time ago."""
        return [published for published in self._running.values() if published.is_claimed and published.is_due(now)]

    def follow(self, process: str, follow: Follow) -> None:
        published = self._turns.get(follow.key)
        if published is None or not published.is_claimed:
            self._post(process, Unknown(follow.number))
            return
        published.follow(process, follow)
        self._look_after(published)
        self._tell(published)

    def unfollow(self, process: str, number: int) -> None:
        for published in list(self._followed.values()):
            published.unfollow(process, number)
            self._look_after(published)

    def lose_followers(self, is_lost: Callable[[str], bool]) -> None:
        """Those of such processes."""
        for published in list(self._followed.values()):
            published.lose_followers(is_lost)
            self._look_after(published)

    def stop(self, key: str, said_at: float) -> None:
        """Unless it has begun since (monotonic seconds)."""
        published = self._turns.get(key)
        if published is not None and published.turn.started_at <= said_at:
            published.turn.stop(CLIENT_STOPPED)

    def stop_all(self, owner: str, said_at: float) -> None:
        for key, published in list(self._running.items()):
            if published.turn.owner.key == owner:
                self.stop(key, said_at)

    def forget_all(self, owner: str, said_at: float) -> None:
        """Those that are kept, too."""
        for published in self:
            if published.turn.owner.key == owner and published.turn.started_at <= said_at:
                published.turn.forget()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look_after(self, published: PublishedTurn) -> None:
        """It is listened to while it is followed."""
        key = published.key
        if published.is_followed and key not in self._followed:
            self._followed[key], self._listeners[key] = published, partial(self._on_update, published)
            published.turn.subscribe(self._listeners[key])
        elif not published.is_followed and self._followed.pop(key, None) is not None:
            published.turn.unsubscribe(self._listeners.pop(key))

    def _on_update(self, published: PublishedTurn) -> None:
        if published.turn.status is not None:
            self._tell(published)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._tell_all)

    def _tell_all(self) -> None:
        self._timer = None
        for published in list(self._followed.values()):
            self._tell(published)

    def _tell(self, published: PublishedTurn) -> None:
        for process, updates in published.updates():
            self._post(process, updates)
        self._look_after(published)
