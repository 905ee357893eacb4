"""Finds out which process has a turn, and what is stored of it."""

from dataclasses import dataclass

from service.chat.client_identity import Owner
from service.chat.followed_turn import UNKNOWN_CHECKSUM, FollowedTurn, Writer, key_of
from service.chat.turn import checksum_of
from service.chat.turn_failures import TURN_UNREACHABLE
from service.cluster.availability import Availability
from service.cluster.membership import Membership
from service.cluster.stored_turns import StoredTurns
from service.cluster.wire_format import Snapshot, decode_parts


@dataclass(slots=True, eq=False)
class TurnFinder:
    """What it finds asks `writer` for more. Methods that wait for Redis raise REDIS_ERRORS."""

    _stored: StoredTurns
    _members: Membership
    _redis: Availability
    writer: Writer

    async def claim(self, owner: Owner, turn_id: str, content: str) -> FollowedTurn | None:
        """None where it is this process's now."""
        snapshot = await self._stored.claim(key_of(owner, turn_id), checksum_of(content))
        return self._stored_turn(owner, turn_id, snapshot) if snapshot is not None else None

    async def find(self, owner: Owner, turn_id: str) -> FollowedTurn | None:
        """Where Redis knows nothing of it, the other processes are asked: it may have lost something."""
        snapshot = await self._stored.get(key_of(owner, turn_id))
        if snapshot is not None:
            return self._stored_turn(owner, turn_id, snapshot)
        if not await self._members.is_known():
            return self.unreachable(owner, turn_id)
        if self._redis.is_settled and not self._members.others():
            return None
        return self._turn(owner, turn_id)

    def unreachable(self, owner: Owner, turn_id: str) -> FollowedTurn:
        turn = self._turn(owner, turn_id)
        turn.lose(TURN_UNREACHABLE)
        return turn

    def _turn(self, owner: Owner, turn_id: str, by: str = "", checksum: int = UNKNOWN_CHECKSUM) -> FollowedTurn:
        return FollowedTurn(owner=owner, id=turn_id, checksum=checksum, writer=self.writer, by=by)

    def _stored_turn(self, owner: Owner, turn_id: str, snapshot: Snapshot) -> FollowedTurn:
        turn = self._turn(owner, turn_id, snapshot.by, snapshot.checksum)
        turn.stored = decode_parts(snapshot.parts), snapshot.replacements
        if snapshot.ending is not None:
            turn.receive(*turn.stored)
            turn.end(snapshot.ending)
        return turn
