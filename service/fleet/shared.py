"""A turn of this process, as the others get it."""

from service.answers.base import Part, Replacement, Text
from service.chat.record import Cursor, Delta, News
from service.chat.turn import Turn
from service.fleet.entries import End, Entry


class Shared:
    """Copies a turn to entries, a bit at a time. `listeners` are the processes through which somebody listens to it."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.listeners: set[str] = set()
        self.is_claimed = False
        self.is_told = False
        self._cursor = Cursor(turn.record)
        self._is_identified = False
        self._begins_anew = False

    def rewind(self) -> None:
        """Nobody knows what has arrived: all text comes once more, as a replacement."""
        self.is_told = False
        self._cursor = Cursor(self.turn.record)
        self._is_identified = False
        self._begins_anew = True

    def news(self) -> list[Entry]:
        """What is to be told since the last time; `is_told` when that was the end."""
        if self.is_told:
            return []
        turn = self.turn
        told: list[Entry] = []
        if turn.identity is not None and not self._is_identified:
            self._is_identified = True
            told.append(turn.identity)
        told += [self._part(item) for item in self._cursor.news()]
        if turn.status is not None:
            self.is_told = True
            told.append(End(turn.status, turn.failure, turn.summary))
        return told

    def join(self, process: str) -> None:
        if process not in self.listeners:
            self.listeners.add(process)
            self.turn.join()

    def leave(self, process: str) -> None:
        if process in self.listeners:
            self.listeners.remove(process)
            self.turn.leave()

    def _part(self, news: News) -> Part:
        if not isinstance(news, Delta):
            return news
        replaces, self._begins_anew = news.replace or self._begins_anew, False
        return Replacement(news.content) if replaces else Text(news.content)
