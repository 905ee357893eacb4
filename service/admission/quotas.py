"""Holds users, addresses and all of them together to their limits: questions, answers, connections, calls, bytes.

A limit that is hit is counted, and logged at most once a minute.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from service.admission.caller import Caller
from service.admission.leases import Lease, Leases
from service.admission.limit_table import AT_ONCE, BUDGETS, LIMITS_HIT, OF_USER, RATES, Limits
from service.tally import Tally
from service.tasks import Tasks

if TYPE_CHECKING:  # it costs memory
    from service.admission.counters import Counters

HELD_RETRY_SECONDS = 5
"""Nobody knows when others give back what they hold."""
CLOSE_TIMEOUT_SECONDS = 1
UTTERANCE_SECONDS = 120
RECORDINGS_PER_UTTERANCE = 4
"""Within UTTERANCE_SECONDS they count as one call: what is said is written down early, up to three times, and whole."""


class Refusal(NamedTuple):
    """`retry_after` is in milliseconds."""

    reason: str
    message: str
    retry_after: int

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9110, 10.2.3: in whole seconds."""
        return {"Retry-After": str(math.ceil(self.retry_after / 1000))}

    @property
    def data(self) -> dict[str, Any]:
        return {"reason": self.reason, "retry_after": self.retry_after}


class _Limit(NamedTuple):
    """Of `whose` it is; an `amount` of 0 is none."""

    setting: str
    amount: int
    whose: str = ""

    @property
    def name(self) -> str:
        return f"{self.setting}:{self.whose}"

    @property
    def today(self) -> str:
        return f"{self.setting}:{datetime.now(UTC).date()}:{self.whose}"


@dataclass(frozen=True, slots=True)
class AdmittedQuestion:
    """`end` is to be called when the source of its answer has been read to the end, with the tokens that it took."""

    lease: Lease
    spend: Callable[[int], None]

    def end(self, tokens: int) -> None:
        self.lease.give_back()
        if tokens:
            self.spend(tokens)


class Quotas:
    """`make_counters` is called where a limit that needs them is met: they take 1.4 MiB."""

    def __init__(
        self, limits: Limits, make_counters: Callable[[], "Counters"] | None = None, leases: Leases | None = None
    ) -> None:
        self._limits = limits._asdict()
        self._leases = leases or Leases()
        self._make_counters = make_counters or own_counters
        self._hits = {setting: 0 for setting, limit in self._limits.items() if limit}
        groups: tuple[tuple[str, ...], ...] = (BUDGETS, RATES, AT_ONCE)
        self._are_set = {group: tuple(name for name in group if name in self._hits) for group in groups}
        self._tallies = {setting: Tally("quotas.exceeded", setting=setting.upper()) for setting in Limits._fields}
        self._tasks = Tasks()
        if any("_max_" not in setting for setting in self._hits):
            _ = self._counters  # at start, not amid a question

    def counts(self) -> dict[str, Any]:
        """How often each limit was hit since the start; those that are set, at least."""
        return {"limits_hit": dict(self._hits)}

    async def admit_question(self, caller: Caller, user: str) -> AdmittedQuestion | Refusal:
        """`user` is Dify's."""
        budgets = self._that_apply(BUDGETS, caller, user)
        for budget in budgets:
            if (refusal := await self._check_budget(budget)) is not None:
                return refusal
        for rate in self._that_apply(RATES, caller, user):
            if (refusal := await self._hit(rate)) is not None:
                return refusal
        held = await self._hold(*self._that_apply(AT_ONCE, caller, user))
        return held if isinstance(held, Refusal) else AdmittedQuestion(held, partial(self._spend, budgets))

    async def admit_connection(self, address: str | None) -> Lease | Refusal:
        """To be given back at its end."""
        if address is None:
            return await self._hold()
        caller = Caller(address)
        refusal = await self._hit(self._limit("address_handshakes_per_minute", caller))
        return refusal or await self._hold(self._limit("address_max_connections", caller))

    def counts_calls_of(self, address: str | None) -> bool:
        return address is not None and any(
            self._limits[setting] for setting in ("address_calls_per_minute", "address_bytes_per_minute")
        )

    async def check_call(self, address: str, utterance: str = "") -> Refusal | None:
        """Of /api: it is counted, unless calls or bytes are too many already.

        One that brings a recording of an `utterance`, of whose recordings one was counted already, is not.
        """
        size = self._limit("address_bytes_per_minute", Caller(address))
        if size.amount and (wait := await self._counters.wait(size.name, size.amount)):
            return self._refuse(size.name, wait)
        calls = self._limit("address_calls_per_minute", Caller(address))
        return await self._hit_once(calls, utterance) if calls.amount and utterance else await self._hit(calls)

    async def add_bytes(self, address: str, amount: int) -> None:
        size = self._limit("address_bytes_per_minute", Caller(address))
        if size.amount and amount:
            await self._counters.add(size.name, size.amount, amount)

    async def run(self) -> None:
        """Until cancelled."""
        await self._leases.run()

    async def close(self) -> None:
        await self._tasks.finish(within=CLOSE_TIMEOUT_SECONDS)
        await self._leases.close()

    @cached_property
    def _counters(self) -> "Counters":
        return self._make_counters()

    def _that_apply(self, settings: tuple[str, ...], caller: Caller, user: str) -> list[_Limit]:
        """What a user proved may limit what no setting does."""
        those = settings if caller.principal is not None else self._are_set[settings]
        limits = [self._limit(setting, caller, user) for setting in those]
        return [limit for limit in limits if limit.amount]

    def _limit(self, setting: str, caller: Caller, user: str = "") -> _Limit:
        """As it is for this caller: what a user's token says counts instead of the setting."""
        amount = self._limits[setting]
        if setting.startswith("address_"):
            return _Limit(setting, amount, caller.address) if caller.address else _Limit(setting, 0)
        if not setting.startswith("user_"):
            return _Limit(setting, amount)
        field = OF_USER.get(setting)
        own = getattr(caller.principal.limits, field) if caller.principal and field else None
        return _Limit(setting, amount if own is None else own, user)

    async def _hit(self, limit: _Limit) -> Refusal | None:
        wait = limit.amount and await self._counters.hit(limit.name, limit.amount)
        return self._refuse(limit.name, wait) if wait else None

    async def _hit_once(self, calls: _Limit, utterance: str) -> Refusal | None:
        """For RECORDINGS_PER_UTTERANCE. A refused one is none of them."""
        name = f"utterance:{utterance}"
        is_first = not await self._counters.spent(name) % RECORDINGS_PER_UTTERANCE
        if is_first and (refusal := await self._hit(calls)) is not None:
            return refusal
        await self._counters.spend(name, 1, UTTERANCE_SECONDS)
        return None

    async def _check_budget(self, limit: _Limit) -> Refusal | None:
        if await self._counters.spent(limit.today) < limit.amount:
            return None
        return self._refuse(limit.name, _seconds_until_midnight(datetime.now(UTC)))

    def _spend(self, budgets: list[_Limit], tokens: int) -> None:
        for limit in budgets:
            self._tasks.spawn(self._counters.spend(limit.today, tokens))

    async def _hold(self, *limits: _Limit) -> Lease | Refusal:
        held = await self._leases.take({limit.name: limit.amount for limit in limits if limit.amount})
        return self._refuse(held, HELD_RETRY_SECONDS) if isinstance(held, str) else held

    def _refuse(self, name: str, wait: float) -> Refusal:
        setting, _, whose = name.partition(":")
        self._hits[setting] = self._hits.get(setting, 0) + 1
        self._tallies[setting].add(**({"latest_address": whose} if setting.startswith("address_") else {}))
        return Refusal(*LIMITS_HIT[setting], math.ceil(wait * 1000))


def own_counters() -> "Counters":
    """Of this process."""
    from service.admission.counters import BoundedMemory, Counters  # noqa: PLC0415 - the same

    return Counters(BoundedMemory())


def _seconds_until_midnight(now: datetime) -> float:
    return (datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()


UNLIMITED = Quotas(Limits())
