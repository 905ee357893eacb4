"""The WebSocket endpoint: host, origin, capacity, subprotocol, accept; exceptions to close codes."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket

from service import counts
from service.admission.browsers import browser_of
from service.admission.caller import Caller
from service.admission.host_check import HostCheck
from service.admission.origins import is_allowed
from service.admission.proxy_headers import ADDRESS
from service.admission.quotas import Quotas, Refusal
from service.admission.subprotocols import UnknownSubprotocol, choose
from service.chat import close_codes
from service.chat.client_identity import new_name
from service.chat.connection import say_and_close
from service.chat.drain import restart_notice, restart_refusal
from service.chat.error_frames import error_of_refusal
from service.chat.login import Login
from service.chat.session import Session
from service.chat.session_registry import SessionRegistry
from service.chat.turn_failures import Refused
from service.chat.turn_registry import TurnRegistry
from service.chat.websocket_transport import WebSocketTransport
from service.elapsed import ms_since
from service.in_flight import InFlight
from service.result_codes import ResultCode

log = structlog.get_logger()

LONGEST_CLIENT_ID = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Accepts clients; `announce`s to other processes who came back, with the `next_number`.

    `error_response` answers a rejected handshake; `handshakes` are those that are no sessions yet. Without a `login`
    anybody may come.
    """

    sessions: SessionRegistry
    turns: TurnRegistry
    quotas: Quotas
    announce: Callable[[str, int], None]
    next_number: Callable[[], int]
    hosts: HostCheck
    allowed_origins: tuple[str, ...]
    max_content_length: int
    max_inputs_length: int
    error_response: Callable[..., Response]
    login: Login | None = None
    handshakes: InFlight = field(default_factory=InFlight)

    async def chat(self, websocket: WebSocket) -> None:
        """`/ws/chat` and `/ws/chat/{client_id}`."""
        client_id = websocket.path_params.get("client_id") or new_name()
        structlog.contextvars.bind_contextvars(connection_id=new_name(), client_id=client_id)
        with self.handshakes.track():
            place = await self.quotas.admit_connection(websocket.scope[ADDRESS])
        if isinstance(place, Refusal):
            await self._turn_away(websocket, place)
            return
        try:
            if self.turns.is_closing:
                await self._refuse_while_closing(websocket)
                return
            if (rejection := self._check(websocket, client_id)) is not None:
                await self._reject(websocket, *rejection)
                return
            transport = WebSocketTransport(websocket, choose(websocket.scope["subprotocols"]))
            if (caller := await self._admit(websocket, transport, client_id)) is not None:
                await self._serve(transport, client_id, caller)
        except UnknownSubprotocol as unknown:
            await self._decline(websocket, unknown)
        except Refused as refused:
            failure = refused.failure
            await self._reject(websocket, failure.code, failure.message, failure.reason)
        finally:
            place.give_back()

    async def _turn_away(self, websocket: WebSocket, refusal: Refusal) -> None:
        """A page is told over an open connection: of a refused handshake its browser tells it nothing."""
        code = ResultCode.TOO_MANY_REQUESTS
        if "origin" not in websocket.headers or websocket.scope["subprotocols"]:
            await self._deny(websocket, code, refusal.message, refusal.headers, refusal.data)
            return
        transport = WebSocketTransport(websocket, None)
        await transport.accept()
        error = error_of_refusal(refusal)
        await say_and_close(transport, error, close_codes.TRY_AGAIN_LATER)

    async def _admit(self, websocket: WebSocket, transport: WebSocketTransport, client_id: str) -> Caller | None:
        """None where the connection is over already, as when the service ends meanwhile. Raises Refused."""
        with self.handshakes.track() as handshake:
            try:
                async with handshake.lifetime:
                    caller = await self._accept(transport, client_id)
            except TimeoutError:
                if not handshake.lifetime.expired():
                    raise
            if not self.turns.is_closing:
                return caller
            if transport.is_handshake:
                await self._refuse_while_closing(websocket)
            else:
                await say_and_close(transport, restart_notice(), close_codes.RESTARTING)
            return None

    async def _accept(self, transport: WebSocketTransport, client_id: str) -> Caller | None:
        """None where the connection is over already. Raises Refused."""
        if self.login is None:
            await transport.accept()
            return Caller(transport.counted_address)
        principal = await self.login.run(transport, client_id)
        return principal and Caller(transport.counted_address, principal)

    async def unknown_path(self, websocket: WebSocket) -> None:
        """Any other path."""
        await self._reject(websocket, ResultCode.NOT_FOUND, "Connect to /ws/chat or /ws/chat/{client_id}.")

    def _check(self, websocket: WebSocket, client_id: str) -> tuple[ResultCode, str] | None:
        host, origin = websocket.headers.get("host", ""), websocket.headers.get("origin")
        client = websocket.client
        if (refusal := self.hosts.refusal(host, client and client.host)) is not None:
            return ResultCode.FORBIDDEN, refusal
        if origin is not None and not is_allowed(origin, host, self.allowed_origins):
            return ResultCode.FORBIDDEN, f"Pages from {origin} may not connect here: see ALLOWED_ORIGINS."
        if len(client_id) > LONGEST_CLIENT_ID or not client_id.isprintable():
            return ResultCode.PARAMETER_ERROR, f"A client id is up to {LONGEST_CLIENT_ID} printable characters."
        if not self.sessions.has_room_for(client_id):
            return ResultCode.UNAVAILABLE, "All places are taken at the moment: try again a little later."
        return None

    async def _reject(self, websocket: WebSocket, code: ResultCode, message: str, reason: str | None = None) -> None:
        log.warning("connection.refused", code=code, why=message, origin=websocket.headers.get("origin"))
        headers = {"WWW-Authenticate": "Bearer"} if code is ResultCode.UNAUTHORIZED else None
        data = {"reason": reason} if reason is not None else None
        await self._deny(websocket, code, message, headers, data)

    async def _deny(self, websocket: WebSocket, *reply: Any) -> None:
        await websocket.send_denial_response(self.error_response(*reply))

    async def _refuse_while_closing(self, websocket: WebSocket) -> None:
        refusal = restart_refusal()
        log.info("connection.refused", why=refusal.message)
        await self._deny(websocket, ResultCode.UNAVAILABLE, refusal.message, refusal.headers, refusal.data)

    async def _decline(self, websocket: WebSocket, unknown: UnknownSubprotocol) -> None:
        """Under the name that the client gave: a browser tells its page neither why nor that a handshake is refused."""
        log.warning("connection.refused", why=str(unknown))
        await websocket.accept(unknown.named)
        await websocket.close(*close_codes.UNKNOWN_SUBPROTOCOL)

    async def _serve(self, transport: WebSocketTransport, client_id: str, caller: Caller) -> None:
        started_at = time.monotonic()
        session = Session(
            transport,
            client_id,
            caller,
            self.turns,
            quotas=self.quotas,
            max_content_length=self.max_content_length,
            max_inputs_length=self.max_inputs_length,
            on_identified=self._announce,
        )
        if self.login is not None:
            session.authentication = self.login.watch(session)
        self.sessions.add(session)
        log.info(
            "connection.opened",
            client_address=transport.client_address,
            origin=transport.header("origin"),
            browser=browser_of(transport.header("user-agent")),
            connections=len(self.sessions),
        )
        try:
            with suppress(TimeoutError):  # aborted
                async with transport.lifetime:
                    await self._receive_loop(transport, session)
        except Exception:
            log.exception("connection.failed")
            await session.close(close_codes.INTERNAL_ERROR)
        finally:
            self.sessions.remove(session)
            await session.end(is_goodbye=session.close_code is None and transport.close_code.is_goodbye)
            code, reason = session.close_code or transport.close_code
            if session.close_code is not None:
                counts.closes[code] += 1
            log.info("connection.closed", code=code, reason=reason, duration_ms=ms_since(started_at))

    def _announce(self, session: Session) -> None:
        if (identity := self.sessions.identify(session, self.next_number)) is not None:
            self.announce(identity, session.number)

    async def _receive_loop(self, transport: WebSocketTransport, session: Session) -> None:
        await session.greet()
        while (message := await transport.receive()) is not None:
            self.sessions.record_received(session)
            await session.receive(message)
