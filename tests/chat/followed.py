"""Turns of other processes, without any."""

import asyncio

from service.chat.client_identity import owner_of
from service.chat.followed_turn import FollowedTurn
from service.chat.turn import checksum_of

OWNER = owner_of("0" * 32)


class Writer:
    """The other process: keeps what it was told, by name and turn; `rest` is what the source tells when it has died."""

    def __init__(self):
        self.told = []
        self.kept = []
        self.broken = []
        self.rest = None

    def follow(self, turn):
        self.told.append(("follow", turn.place))

    def unfollow(self, turn):
        self.told.append("unfollow")

    def stop(self, turn):
        self.told.append("stop")

    def heal(self, broken):
        self.broken.append(broken)
        return self.rest

    def keep(self, turn):
        self.kept.append((turn.status, turn.text))

    def spawn(self, work):
        return asyncio.create_task(work)


def followed_turn(writer=None, turn_id="t", owner=OWNER, content="Hi", by="elsewhere", **known):
    checksum = checksum_of(content)
    return FollowedTurn(owner=owner, id=turn_id, checksum=checksum, writer=writer or Writer(), by=by, **known)
