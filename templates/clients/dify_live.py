"""A client of Dify Live that comes back by itself: it asks, streams, stops and decides, and no word is lost or twice.

One file, to be copied. It needs Python 3.11 and websockets 14 or newer (pip install websockets).

    async with Client("https://chat.example.com") as client:
        answer = await client.ask("When is the garden open?")
        async for text in answer:  # all of it so far, each time that it has grown
            print(text)
        end = await answer.end()  # its `chat` frame
        await client.ask("And on Sundays?", conversation_id=end["conversation_id"])
"""

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PING_PERIOD = 25  # seconds, as all of these
PONG_TIMEOUT = 5
BACKOFF_BASE = 0.5
BACKOFF_CAP = 30
STAYED_AFTER = 5  # a connection that lives so long proves that the service is well
SEARCH_PERIOD = 2  # while another process of the service has the answer, and cannot be reached
FLOOD, UNAUTHENTICATED, DO_NOT_RECONNECT_FROM = 1008, 4401, 4500  # close codes

Frame = dict[str, Any]


class Failed(Exception):
    """The service refused a question or could not answer it. `frame` is its `error` frame."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame["content"])
        self.frame = frame
        self.reason = frame.get("reason")
        self.retry_after = frame.get("retry_after", 0) / 1_000 or None
        """Seconds, of what passes."""


class Closed(Exception):
    """The connection has ended, with the close code `code`, and the service asks not to come back."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The connection is closed for good: {code}.")
        self.code = code


def _json_of(frame: Frame) -> str:
    """With U+FFFD in place of half of a surrogate pair, which the service does not take."""
    return json.dumps(frame, ensure_ascii=False).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Answer:
    """An answer that is being written, made by Client. `text` is all of it so far."""

    def __init__(self, client: "Client", frame: Frame) -> None:
        self.id = secrets.token_hex(16)
        self.text = ""
        self._client = client
        self._frame = frame | {"turn_id" if "continuation" in frame else "id": self.id}
        self._replacements = 0
        self._tries = 0
        self._is_stopped = False
        self._end: Frame | None = None
        self._error: Exception | None = None
        self._news = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[str]:
        shown = ""
        while not self._is_over() or shown != self.text:
            if shown != self.text:
                yield (shown := self.text)
            else:
                await self._news.wait()
        await self.end()

    async def end(self) -> Frame:
        """The terminal `chat` frame. Raises Failed or Closed. Where the service forgot it, `status` is "incomplete"."""
        while not self._end:
            if self._error:
                raise self._error
            await self._news.wait()
        return self._end

    async def stop(self) -> None:
        """Has the service and Dify end it now: its `status` becomes "stopped"."""
        self._is_stopped = True
        if not self._tries:
            self._finish_as("stopped")
        await self._client._send({"type": "stop", "id": self.id})

    # What follows is the client's.

    def _is_over(self) -> bool:
        return bool(self._end or self._error)

    async def _open(self) -> None:
        """Asks, on each new connection where it went on."""
        if self._tries:
            where = {"offset": len(self.text), "replacements": self._replacements}
            await self._client._send({"type": "resume", "token": self._client.token, "id": self.id, **where})
            if self._is_stopped:  # perhaps while the connection was away
                await self._client._send({"type": "stop", "id": self.id})
        elif await self._client._send(self._frame):
            self._tries = 1

    async def _receive(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "chat_delta":
            self._add(**frame)
        elif kind == "chat":
            self._finish(frame)
        elif kind == "error" and frame.get("reason") == "unknown_turn":
            await self._ask_again()
        elif kind == "error" and frame.get("reason") == "turn_unreachable":
            asyncio.get_running_loop().call_later(SEARCH_PERIOD, self._client._open_soon, self)
        elif kind == "error":
            self._fail(Failed(frame))

    def _add(self, offset: int, content: str, *, replace: bool = False, replacements: int = 0, **_: Any) -> None:
        """Offsets are code points, as Python counts. What came before may come again after a resume."""
        if replace:
            self._replacements = replacements
        self.text = content if replace else self.text[:offset] + content
        self._tell()

    async def _ask_again(self) -> None:
        """It never arrived there, or was forgotten: nothing is lost if nothing was heard.

        A decision may have been taken: how it went on is asked instead.
        """
        if self._frame["type"] == "form":
            self._frame = self._client._look(self._frame) | {"turn_id": self.id}
        if self._is_stopped or self.text or self._tries > 1:
            self._finish_as("stopped" if self._is_stopped else "incomplete")
        elif await self._client._send(self._frame):
            self._tries += 1

    def _finish_as(self, status: str) -> None:
        self._finish({"type": "chat", "id": self.id, "status": status, "content": self.text})

    def _finish(self, frame: Frame) -> None:
        self.text, self._end = frame["content"], frame
        self._tell()

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Client:
    """One connection to the service at `url`, for as long as it is entered.

    `access_token`, a coroutine function, returns the user's current JSON Web Token where users sign in. `token` owns
    the answers: whoever makes a Client with the same one goes on with them; keep it secret.
    """

    def __init__(
        self, url: str, access_token: Callable[[], Awaitable[str]] | None = None, token: str | None = None
    ) -> None:
        self.token = token or secrets.token_hex(16)
        self._url = f"{url.rstrip('/').replace('http', 'ws', 1)}/ws/chat/{secrets.token_hex(8)}"
        self._access_token = access_token
        self._answers: dict[str, Answer] = {}
        self._socket: ClientConnection | None = None
        self._come_back_after: float | None = None
        self._closed: Closed | None = None
        self._searches: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._task, *self._searches):
            task.cancel()
        await asyncio.gather(self._task, *self._searches, return_exceptions=True)

    async def ask(self, content: str, **fields: Any) -> Answer:
        """`fields` are those of the `chat` frame: conversation_id, inputs, files. Without a connection it waits."""
        return await self._begin({"type": "chat", "content": content, "stream": True, **fields})

    async def decide(self, paused: Frame, action: str, inputs: dict[str, Any] | None = None) -> Answer:
        """What a person decided in the form of the `paused` answer (its frame): an Answer that goes on from there."""
        decision = {"action": action, "inputs": inputs or {}, "continuation": paused["continuation"]}
        return await self._begin({"type": "form", "stream": True, **decision})

    async def look(self, paused: Frame) -> Answer:
        """How the paused answer went on, if somebody else decided."""
        return await self._begin(self._look(paused))

    def _look(self, frame: Frame) -> Frame:
        return {"type": "resume", "token": self.token, "continuation": frame["continuation"]}

    async def _begin(self, frame: Frame) -> Answer:
        if self._closed:
            raise self._closed
        answer = Answer(self, frame)
        self._answers = {each.id: each for each in [*self._answers.values(), answer] if not each._is_over()}
        await answer._open()
        return answer

    async def _stay(self) -> None:
        """Comes back after whatever ends a connection, but where the service says not to."""
        attempt = denied = 0
        while True:
            begun = asyncio.get_running_loop().time()
            try:
                code = await self._visit()
            except Closed as closed:
                return self._give_up(closed)
            attempt = 0 if asyncio.get_running_loop().time() - begun > STAYED_AFTER else attempt + 1
            denied = denied + 1 if code == UNAUTHENTICATED else 0
            if code == FLOOD or code >= DO_NOT_RECONNECT_FROM or denied > (1 if self._access_token else 0):
                return self._give_up(Closed(code))
            longest = min(BACKOFF_CAP, BACKOFF_BASE * 2**attempt)
            await asyncio.sleep(self._come_back_after or longest * random.random())  # noqa: S311 - jitter

    def _give_up(self, closed: Closed) -> None:
        self._closed = closed
        for answer in self._answers.values():
            answer._fail(closed)

    async def _visit(self) -> int:
        """One connection. Returns its close code; 1006 where there was none."""
        self._come_back_after = None
        code = 1006
        try:
            async with connect(self._url, ping_interval=None, max_size=None) as socket:
                try:
                    await self._serve(socket)
                finally:
                    self._socket = None
                    code = socket.close_code or code
        except (OSError, TimeoutError, WebSocketException):
            pass
        return code

    async def _serve(self, socket: ClientConnection) -> None:
        if self._access_token:
            await socket.send(json.dumps({"type": "auth", "token": await self._access_token()}))
        silences = 0
        while silences <= 1:
            try:
                async with asyncio.timeout(PONG_TIMEOUT if silences else PING_PERIOD):
                    frame = json.loads(await socket.recv())
            except TimeoutError:
                silences += 1
                await self._ping(socket)
            else:
                silences = 0
                await self._receive(socket, frame)

    async def _receive(self, socket: ClientConnection, frame: Frame) -> None:
        if "resume_token" in frame and not self._socket:
            await self._enter(socket)
        elif "client_id" in frame and not self._access_token:
            raise Closed(UNAUTHENTICATED)  # it waits for an auth frame
        elif frame["type"] == "heartbeat":
            await self._ping(socket)
        elif frame.get("reason") == "token_expiring" and self._access_token:
            await socket.send(json.dumps({"type": "auth", "token": await self._access_token()}))
        elif answer := self._answers.get(frame.get("id", "")):
            await answer._receive(frame)
        elif "retry_after" in frame:
            self._come_back_after = frame["retry_after"] / 1_000

    async def _enter(self, socket: ClientConnection) -> None:
        self._socket = socket
        await self._send({"type": "resume", "token": self.token})
        for answer in self._answers.values():
            if not answer._is_over():
                await answer._open()

    async def _ping(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "ping"}))

    def _open_soon(self, answer: Answer) -> None:
        task = asyncio.create_task(answer._open())
        self._searches.add(task)
        task.add_done_callback(self._searches.discard)

    async def _send(self, frame: Frame) -> bool:
        """Whether it was written."""
        try:
            if self._socket:
                await self._socket.send(_json_of(frame))
        except WebSocketException:
            return False
        return bool(self._socket)
