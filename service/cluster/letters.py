"""What other processes write, each message to whom it is for."""

import time
from dataclasses import dataclass, field

import structlog

from service.cluster.followed_turns import FollowedTurns
from service.cluster.inquiries import Inquiries
from service.cluster.membership import Membership
from service.cluster.newest_connections import NewestConnections
from service.cluster.published_turns import PublishedTurns
from service.cluster.wire_format import (
    ClientResumed,
    CloseClient,
    ConnectedHere,
    Follow,
    ForgetAll,
    Letter,
    ListConnected,
    Message,
    Restarted,
    Stop,
    StopAll,
    Unfollow,
    Unknown,
    Updates,
)
from service.tally import Tally

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Letters:
    _members: Membership
    _published: PublishedTurns
    _followed: FollowedTurns
    _newest: NewestConnections
    _inquiries: Inquiries
    _unreadable: Tally = field(default_factory=lambda: Tally("cluster.unreadable"))

    def receive(self, letter: Letter) -> None:
        """What cannot be read is left out, and counted; what one message breaks costs no other one."""
        if letter.unreadable:
            self._unreadable.add(process=letter.by)
        if letter.by:
            self._members.hear(letter.by)
        for message in letter.messages:
            try:
                self._act(letter.by, message)
            except Exception:
                log.exception("cluster.message_failed", process=letter.by, kind=type(message).__name__)

    def _act(self, by: str, message: Message) -> None:
        match message:
            case Updates():
                self._followed.receive(by, message)
            case Follow():
                self._published.follow(by, message)
            case Unfollow(number):
                self._published.unfollow(by, number)
            case Unknown(number):
                self._followed.receive_unknown(by, number)
            case Stop() | StopAll() | ForgetAll():
                self._end(message, time.monotonic() - message.ago)
            case Restarted():
                self._published.lose_followers(lambda process: process == by)
                self._followed.refollow(by)
                self._newest.announce_all(by)
            case ClientResumed():
                self._newest.receive(by, message)
            case ListConnected() | CloseClient() | ConnectedHere():
                self._inquiries.receive(by, message)

    def _end(self, message: Stop | StopAll | ForgetAll, said_at: float) -> None:
        match message:
            case Stop(key):
                self._published.stop(key, said_at)
            case StopAll(owner):
                self._published.stop_all(owner, said_at)
            case ForgetAll(owner):
                self._published.forget_all(owner, said_at)
