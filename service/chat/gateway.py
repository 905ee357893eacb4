"""The door: origin, capacity, accept, and exceptions to close codes. The only place that touches a WebSocket."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from service.chat import closing
from service.chat.closing import Closing
from service.chat.roster import Roster
from service.chat.session import Session
from service.chat.turns import Turns
from service.codes import Code
from service.origins import is_welcome
from service.transport import WRITE_TEXT

log = structlog.get_logger()

LONGEST_CLIENT_ID = 128


class Refusal(Exception):
    """No entry, and why."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gateway:
    """Lets clients in, and tells other processes (`announce`). `refuse` makes the envelope for those who are not."""

    def __init__(  # noqa: PLR0913 - the door is where all meets
        self,
        roster: Roster,
        turns: Turns,
        announce: Callable[[str], None],
        *,
        allowed_origins: tuple[str, ...],
        max_content_length: int,
        refuse: Callable[[Code, str], Response],
    ) -> None:
        self._roster = roster
        self._turns = turns
        self._announce = announce
        self._allowed_origins = allowed_origins
        self._max_content_length = max_content_length
        self._refuse = refuse

    async def chat(self, websocket: WebSocket) -> None:
        """`/ws/chat` and `/ws/chat/{client_id}`."""
        client_id = websocket.path_params.get("client_id") or secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(connection_id=secrets.token_hex(4), client_id=client_id)
        try:
            self._check(websocket, client_id)
        except Refusal as refusal:
            await self._turn_away(websocket, refusal)
            return
        await websocket.accept()
        if "client_id" in websocket.path_params:  # nobody else has one that we made up
            self._announce(client_id)
        await self._serve(_Wire(websocket), client_id)

    async def nowhere(self, websocket: WebSocket) -> None:
        """Any other path."""
        await self._turn_away(websocket, Refusal(Code.NOT_FOUND, "Connect to /ws/chat or /ws/chat/{client_id}."))

    def _check(self, websocket: WebSocket, client_id: str) -> None:
        origin = websocket.headers.get("origin")
        if origin is not None and not is_welcome(origin, websocket.headers.get("host", ""), self._allowed_origins):
            raise Refusal(Code.FORBIDDEN, f"Pages from {origin} may not connect here: see ALLOWED_ORIGINS.")
        if len(client_id) > LONGEST_CLIENT_ID or not client_id.isprintable():
            words = f"A client id is up to {LONGEST_CLIENT_ID} printable characters."
            raise Refusal(Code.PARAMETER_ERROR, words)
        if self._turns.is_closing:
            raise Refusal(Code.UNAVAILABLE, closing.RESTARTING.reason)
        if not self._roster.has_room_for(client_id):
            raise Refusal(Code.UNAVAILABLE, "All places are taken at the moment: try again a little later.")

    async def _turn_away(self, websocket: WebSocket, refusal: Refusal) -> None:
        log.warning("connection.refused", code=refusal.code, why=str(refusal), origin=websocket.headers.get("origin"))
        await websocket.send_denial_response(self._refuse(refusal.code, str(refusal)))

    async def _serve(self, wire: "_Wire", client_id: str) -> None:
        started_at = time.monotonic()
        session = Session(client_id, wire, self._turns, self._max_content_length)
        replaced = self._roster.enter(session)
        log.info("connection.opened", peer=wire.peer, connections=len(self._roster))
        try:
            with suppress(TimeoutError):  # dropped
                async with wire.lifetime:
                    await self._listen(wire, session, replaced)
        except Exception:
            log.exception("connection.failed")
            await session.close(closing.INTERNAL_ERROR)
        finally:
            self._roster.leave(session)
            await session.end()
            closed_by = session.closed_by or wire.closed_by
            duration_ms = round((time.monotonic() - started_at) * 1000)
            log.info("connection.closed", code=closed_by.code, reason=closed_by.reason, duration_ms=duration_ms)

    async def _listen(self, wire: "_Wire", session: Session, replaced: Session | None) -> None:
        if replaced is not None:
            await replaced.close(closing.REPLACED)
        await session.greet()
        while (message := await wire.receive()) is not None:
            self._roster.heard_from(session)
            await session.receive(message)


def _cannot_write(_: bytes) -> bool:
    """Of a server that is not ours."""
    return False


class _Wire:
    """One accepted WebSocket, as a session sees it."""

    __slots__ = ("_websocket", "closed_by", "lifetime", "write")

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.write = websocket.scope["extensions"].get(WRITE_TEXT, _cannot_write)
        self.lifetime = asyncio.timeout(None)
        self.closed_by = closing.LOST

    @property
    def peer(self) -> str | None:
        client = self._websocket.client
        return client and client.host

    async def receive(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            if "reason" in message:  # or the server only saw the connection end
                self.closed_by = Closing(message["code"], message["reason"] or "")
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, message: bytes) -> None:
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.send_text(message.decode())

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._websocket.close(code, reason)

    def drop(self) -> None:
        with suppress(RuntimeError):  # over already
            self.lifetime.reschedule(asyncio.get_running_loop().time())
