"""Calls of /api, and the bytes of their bodies and replies, counted by address; so is their place in Dify's line."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.admission.proxy_headers import ADDRESS
from service.admission.quotas import Quotas
from service.answers.demand import caller_address
from service.result_codes import ResultCode
from service.web.responses import UNCACHED, fail
from service.web.utterances import utterance_key

COUNTED_AT_ONCE_BYTES = 1_000_000


class CallLimits:
    """What is on its way when a limit is hit is passed on to its end."""

    def __init__(self, app: ASGIApp, quotas: Quotas) -> None:
        self._app = app
        self._quotas = quotas

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Without a coroutine of its own around what is not counted: a connection would keep it."""
        is_call = scope["type"] == "http" and scope["path"].startswith("/api/")
        if is_call:
            caller_address.set(scope[ADDRESS])  # in the context of this request's task
        if is_call and self._quotas.counts_calls_of(scope[ADDRESS]):
            return self._limited(scope, receive, send)
        return self._app(scope, receive, send)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope[ADDRESS]
        if (refusal := await self._quotas.check_call(address, utterance_key(scope))) is not None:
            headers = UNCACHED | refusal.headers
            reply = fail(ResultCode.TOO_MANY_REQUESTS, refusal.message, headers, refusal.data)
            await reply(scope, receive, send)
        else:
            meter = _Meter(self._quotas, address)
            try:
                await self._app(scope, meter.wrap_receive(receive), meter.wrap_send(send))
            finally:
                await meter.add_counted()


class _Meter:
    def __init__(self, quotas: Quotas, address: str) -> None:
        self._quotas = quotas
        self._address = address
        self._bytes = 0

    def wrap_receive(self, receive: Receive) -> Receive:
        async def counting_receive() -> Message:
            message = await receive()
            await self._count(message)
            return message

        return counting_receive

    def wrap_send(self, send: Send) -> Send:
        async def counting_send(message: Message) -> None:
            await send(message)
            await self._count(message)

        return counting_send

    async def _count(self, message: Message) -> None:
        self._bytes += len(message.get("body", b""))
        if self._bytes >= COUNTED_AT_ONCE_BYTES:
            await self.add_counted()

    async def add_counted(self) -> None:
        counted, self._bytes = self._bytes, 0
        await self._quotas.add_bytes(self._address, counted)
