"""Who is connected, as operators are told: nothing of what people wrote, and no tokens. No I/O."""

import msgspec


class Connected(msgspec.Struct, frozen=True):
    """`since` is in Unix milliseconds. `user` is who proved to be it, where users have to.

    `address` is behind trusted proxies, too; the `origin` of its page, and its `browser`, are the client's own words.
    `answers` are those whose delivery began on this connection.
    """

    client_id: str
    user: str | None
    since: int
    address: str | None
    origin: str | None
    browser: str | None
    answers: int
    answers_under_way: int
