"""What may be true of a turn, whatever happens: the oracle."""

from dataclasses import dataclass, field
from functools import cached_property

from service.chat.message_builder import BROKE_OFF, WAS_STOPPED
from tests.model.fleet import DRAIN_SECONDS, Member
from tests.model.scripts import SCRIPTS

STOP_SECONDS = 3
"""A stop has to be felt so soon."""
UNSEEN_SECONDS = 1
"""What a process was asked just before it died, nobody else needs to know."""
SLACK_SECONDS = 6
LEASE_SECONDS = 8
"""A process that died is missed so soon."""
HEALING_SECONDS = 8
LIMIT_SECONDS = {"stalled": 4, "torn": 1, "refused": 2, "broken": 2, "healed": 3}
"""What the service's own limits, retries and look-ups add to the time of a script."""
NATURAL = {
    "done": [("done", "dify", None)],
    "refused": [("done", "mock", "server_error")],
    "error": [("incomplete", "dify", "failed")],
    "reset": [("incomplete", "dify", "lost"), ("incomplete", "dify", "broken_off")],
    "stalled": [("incomplete", "dify", "stalled")],
}


@dataclass
class Stop:
    at: float
    member: Member
    was_sent_whole: bool = True


@dataclass
class Asked:
    at: float
    member: Member


@dataclass
class Turn:
    """A question of one person. `seen_at`: since then it is known that the question arrived."""

    person: str
    kind: str
    query: str
    world: "object"
    asked: list[Asked] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    ends: dict[tuple, str] = field(default_factory=dict)
    seen_at: float | None = None

    @cached_property
    def script(self):
        return SCRIPTS[self.kind]

    def note_asked(self, at: float, member: Member) -> None:
        self.asked.append(Asked(at, member))

    def note_seen(self) -> None:
        """A client heard of it."""
        self.seen_at = self.seen_at or self.world.now()

    @property
    def began_at(self) -> float | None:
        """When Dify was asked, or a client heard of it."""
        moments = [at for at in (self.seen_at, self.world.dify.began_at.get(self.query)) if at is not None]
        return min(moments, default=None)

    def has_begun(self, before: float) -> bool:
        return self.began_at is not None and self.began_at < before

    @property
    def may_be_gone(self) -> bool:
        """A process that was asked has ended, and Redis may not know, or no longer, what it wrote.

        RESUME_WINDOW is longer than any run.
        """
        return any(self._is_gone(asked) for asked in self.asked)

    def _is_gone(self, asked: Asked) -> bool:
        ended_at = asked.member.ended_at
        if ended_at is None:
            return False
        redis = self.world.redis
        died_at_once = asked.member.was_killed and (self.began_at or ended_at) > ended_at - UNSEEN_SECONDS
        return redis is None or died_at_once or self.world.is_redis_disturbed(asked.at, self.world.now())

    @property
    def is_forked(self) -> bool:
        """It may have been asked twice, and rightly."""
        if len(self.asked) < 2:
            return False
        return self.may_be_gone or (
            len({asked.member for asked in self.asked}) > 1
            and self.world.is_redis_away(self.asked[0].at, self.asked[-1].at + UNSEEN_SECONDS)
        )

    def most_tries(self) -> int:
        tries = self.script.torn + 1
        return tries * len(self.asked) if self.is_forked else tries

    def deadline(self, since: float) -> float:
        """How many seconds who waits since then may wait."""
        seconds = self.script.seconds + LIMIT_SECONDS.get(self.kind, 0) + SLACK_SECONDS
        if (ended_at := self.world.last_end()) > since - LEASE_SECONDS:  # it may know of the turn, whoever was asked
            seconds += max(0, ended_at - since) + LEASE_SECONDS + HEALING_SECONDS + DRAIN_SECONDS
        return seconds + self.world.redis_trouble_since(since)

    def end_of(self, frame: dict) -> tuple:
        """What all who listen have to get alike."""
        if frame["type"] == "error":
            return "error", frame.get("reason"), None, ""
        content = frame["content"]
        for last in (BROKE_OFF, WAS_STOPPED):
            content = content.removesuffix(last)
        return frame["status"], frame.get("source"), frame.get("reason"), content.rstrip()

    def judge(self, frame: dict, who: str) -> list[tuple[str, str]]:
        """What is wrong with this end."""
        end = self.end_of(frame)
        wrong = []
        status, source, reason, text = end
        if (status, source, reason) not in self._allowed():
            wrong.append(("end", f"{who}: {self.kind} ended as {(status, source, reason)}"))
        if source != "mock" and self.script.generation_of(text) is None:
            wrong.append(("text", f"{who}: {self.kind} ended with a text that Dify never wrote: {text!r}"))
        if (status, source) == ("done", "dify") and text != self.script.text.rstrip():
            wrong.append(("text", f"{who}: {self.kind} is done, and not whole: {text!r}"))
        if self.ends and end not in self.ends and not self.is_forked:
            others = "; ".join(f"{by}: {other}" for other, by in self.ends.items())
            wrong.append(("ends", f"{who} got another end of {self.kind} than others: {end}; {others}"))
        self.ends.setdefault(end, who)
        return wrong

    def _allowed(self) -> list[tuple]:
        allowed = self._natural_ends()
        sources = ("dify", "mock") if self.script.ending == "refused" else ("dify",)
        if self.stops:
            allowed += [("stopped", source, "client_stopped") for source in ("dify", None)]
            allowed += [("stopped", "mock", "server_error")] if "mock" in sources else []
        for asked in self.asked:
            if asked.member.ended_at is not None:
                reason = "owner_lost" if asked.member.was_killed else "restarting"
                allowed += [("incomplete", source, reason) for source in (*sources, None)]
                allowed += [("error", reason, None)]
        return allowed

    def _natural_ends(self) -> list[tuple]:
        if self.script.ending == "refused" and not self.world.degrades:
            return [("error", "server_error", None)]
        return list(NATURAL["done" if self.kind == "healed" else self.script.ending])

    def judge_stops(self) -> list[tuple[str, str]]:
        """When all is over: whether stops were felt, and whether Dify was told of them, and of no others."""
        wrong = []
        statuses = {end[0] for end in self.ends}
        over_at = self._natural_end()
        felt = [stop for stop in self.stops if self._has_to_be_felt(stop)]
        if felt and over_at is not None and not self.may_be_gone:
            due_at = min(stop.at for stop in felt) + STOP_SECONDS
            if statuses and "stopped" not in statuses and over_at > due_at:
                wrong.append(("stop", f"{self.kind} went on after a stop: it ended as {sorted(self.ends)}"))
            if "stopped" in statuses and over_at > due_at and self.query not in self.world.dify.stopped:
                wrong.append(("stop", f"Dify was not told to stop {self.kind}"))
        was_ended = any(asked.member.ended_at is not None for asked in self.asked)
        is_due = self.stops or self.script.ending == "stalled" or was_ended
        if self.query in self.world.dify.stopped and not is_due:
            wrong.append(("stop", f"Dify was told to stop {self.kind}, and nobody wanted it"))
        return wrong

    def _natural_end(self) -> float | None:
        """When Dify ends it by itself; None where it was hardly asked."""
        began_at = self.world.dify.began_at.get(self.query)
        return began_at and began_at + self.script.seconds + (3 if self.script.ending == "stalled" else 0)

    def _has_to_be_felt(self, stop: Stop) -> bool:
        """Its connection and process lived on, as did those that were asked, and Redis, where that was needed."""
        if not stop.was_sent_whole or not self.has_begun(stop.at):
            return False
        members = [stop.member, *(asked.member for asked in self.asked)]
        if any(it.ended_at is not None and it.ended_at < stop.at + STOP_SECONDS for it in members):
            return False
        is_elsewhere = any(asked.member is not stop.member for asked in self.asked)
        return not (is_elsewhere and self.world.is_redis_away(stop.at - 1, stop.at + STOP_SECONDS))
