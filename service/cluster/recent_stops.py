"""Stops of turns that other processes run. No I/O."""

from service.chat.client_identity import Owner
from service.chat.followed_turn import key_of
from service.cluster.wire_format import Stop, StopAll

MAX_STOPS = 1_000
KEPT_SECONDS = 30.0


class RecentStops:
    """They are kept for a while: what could not be told, or got lost with Redis, is told again when it is back."""

    def __init__(self) -> None:
        self._said: dict[tuple[Owner, str | None], float] = {}

    def add(self, owner: Owner, turn_id: str | None, now: float) -> Stop | StopAll:
        """Of one turn, or of all of this owner; `now` is in monotonic seconds."""
        if len(self._said) < MAX_STOPS:
            self._said[owner, turn_id] = now
        return _message(owner, turn_id, 0.0)

    def recent(self, now: float) -> list[Stop | StopAll]:
        self._said = {said: at for said, at in self._said.items() if now - at < KEPT_SECONDS}
        return [_message(owner, turn_id, now - at) for (owner, turn_id), at in self._said.items()]


def _message(owner: Owner, turn_id: str | None, ago: float) -> Stop | StopAll:
    return StopAll(owner.key, ago) if turn_id is None else Stop(key_of(owner, turn_id), ago)
