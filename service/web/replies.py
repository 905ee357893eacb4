"""What routes reply, as types from which /openapi.json is made: a reply's `data`. No I/O."""

from typing import Literal, NotRequired, TypedDict

from service.chat.connected import Connected


class Welcome(TypedDict):
    """`links` are relative to this address."""

    name: str
    version: str
    mode: Literal["dify", "mock"]
    links: dict[str, str]


class HealthData(TypedDict):
    """Of this process, since its start. What is about Redis, or Dify, is there where these are used."""

    status: Literal["up"]
    version: str
    mode: Literal["dify", "mock"]
    worker: int
    pid: int
    connections: int
    unauthenticated: NotRequired[int]
    turns: int
    answers: dict[str, int]
    tokens: int
    undelivered_characters: int
    processes: NotRequired[int | None]
    connections_of_all: NotRequired[int | None]
    limits_hit: dict[str, int]
    log_lines_dropped: dict[str, int]
    answers_at_once: NotRequired[int]
    answers_taken: NotRequired[int]
    answers_waiting: NotRequired[int]
    answers_displaced: NotRequired[int]


class Trouble(TypedDict):
    """What is wrong with Dify: a word of the table of failures, and its cause."""

    reason: str
    cause: str


class Checks(TypedDict):
    dify: Literal["unused", "up", "failing"]
    redis: Literal["unused", "up", "down"]
    breaker: Literal["unused", "closed", "open", "half_open"]
    sockets: Literal["free", "full"]
    drain: Literal["none", "draining"]


class CheckDetail(TypedDict):
    """`since`: when it was first seen so, in Unix milliseconds."""

    since: int
    advice: str | None


class ReadyData(TypedDict):
    """`details` are for who has an operator's token."""

    status: Literal["ready", "not_ready"]
    mode: Literal["dify", "mock"]
    trouble: Trouble | None
    checks: Checks
    details: NotRequired[dict[str, CheckDetail]]


class Connections(TypedDict):
    """`silent` processes did not say in time what they have."""

    connections: list[Connected]
    silent: int


class Transcript(TypedDict):
    text: str


class FailureData(TypedDict):
    """`reason` is a word of the table of failures, or of limits. What passes has a `retry_after`, in milliseconds."""

    reason: str
    retry_after: NotRequired[int]


class FailureReply(TypedDict):
    """The envelope of what failed. `code` is the HTTP status, or one above 1000 of the table of codes."""

    code: int
    message: str
    data: FailureData | None
