"""A stand-in for Dify: a real aiohttp server that replays recordings, in their own chunks or others, and every fault.

It answers each question with the next scene; the last one stays for all that follow.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

from aiohttp import web

from tests import recordings
from tests.dify_requests import Inspector
from tests.fake_app_api import FakeAppApi, parameters
from tests.fake_workflows import HELD_SECONDS, FakeWorkflows

KEY = "app-secret-of-the-tests"


class Stage:
    """One question being answered: what a scene plays on."""

    def __init__(self, dify: "FakeDify", request: web.Request) -> None:
        self.dify = dify
        self.request = request
        self.task_id = str(uuid.uuid4())
        self.ids = {"task_id": self.task_id, "message_id": str(uuid.uuid4()), "conversation_id": str(uuid.uuid4())}
        self.response = web.StreamResponse()

    async def open(self, status: int = 200, content_type: str = "text/event-stream; charset=utf-8") -> None:
        self.response.set_status(status)
        self.response.headers["Content-Type"] = content_type
        self.response.enable_chunked_encoding()
        await self.response.prepare(self.request)

    async def write(self, data: bytes) -> None:
        await self.response.write(data)

    async def event(self, kind: str, **fields: object) -> None:
        data = json.dumps({"event": kind, **self.ids, **fields}, ensure_ascii=False)
        await self.write(f"data: {data}\n\n".encode())

    async def end(self) -> None:
        await self.event("message_end", metadata={"usage": {"total_tokens": 3}, "retriever_resources": []})

    async def hung_up(self) -> None:
        """Until the service ends the connection: then aiohttp cancels the handler."""
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def held(self) -> None:
        """As long as Dify holds a stream open, whether or not anybody listens."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HELD_SECONDS):
                await self.dify.released.wait()

    async def stopped(self) -> None:
        await self.dify.stop_of(self.task_id).wait()


Scene = Callable[[Stage], Awaitable[None]]


class FakeDify:
    """`questions` and `stops` are what the service sent: bodies, and (task id, user) of each stop.

    With `connections`, so many requests are read at once; more wait without a word, as before a gunicorn. `files` are
    what lies under /files/: path to (media type, content). While it `is_down`, nginx answers in its place.
    """

    def __init__(self) -> None:
        self.traces: list[str] = []  # of requests, where they have one
        self.questions: list[dict] = []
        self.stops: list[tuple[str, str]] = []
        self.checks = 0
        self.told_parameters = 0
        self.mode = "chat"
        self.info_headers: dict[str, str] = {}
        self.info: Scene | None = None  # another reply to the check than a good one
        self.parameters = parameters()
        self.site: dict[str, object] | None = None  # the settings of its web page, if it has one
        self.site_reply: Callable[[], Awaitable[object]] | None = None  # is waited for before they are told
        self.parameters_reply: Callable[[], Awaitable[object]] | None = None  # likewise
        self.inspector = Inspector()
        self.app_api = FakeAppApi(self._play)
        self.hung_up = 0
        self.finished = 0
        self.released = asyncio.Event()  # ends the scenes that would go on for ever
        self.ignores_stops = False
        self.stop_statuses: list[int] = []  # of the next stops, which go unheeded
        self.may_answer_stops = asyncio.Event()
        self.may_answer_stops.set()
        self.connections: int | None = None
        self.most_connections = 0
        self.files: dict[str, tuple[str, bytes]] = {}
        self.file_requests: list[str] = []
        self.file_headers: list[Mapping[str, str]] = []
        self.file_reply: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None  # instead of the good one
        self.is_down = False
        self.turned_away = 0
        self._scenes: list[Scene] = [say("Hello.")]
        self._stops: dict[str, asyncio.Event] = {}
        self._connected = 0
        self._free = asyncio.Condition()
        self.workflows = FakeWorkflows(self.stop_of)

    def plays(self, *scenes: Scene) -> None:
        self._scenes = list(scenes)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._admission(), self.inspector.middleware()])
        app.router.add_get("/v1/info", self._info)
        app.router.add_get("/v1/parameters", self._parameters)
        app.router.add_get("/v1/site", self._site)
        app.router.add_post("/v1/chat-messages", self._chat_messages)
        app.router.add_post("/v1/chat-messages/{task_id}/stop", self._stop)
        app.router.add_get("/files/{path:.*}", self._file)
        self.workflows.add_to(app.router)
        self.app_api.add_to(app.router)
        return app

    async def close(self) -> None:
        """End what would go on for ever."""
        self.released.set()
        self.release()
        await self.workflows.close()

    def _admission(self) -> Callable:
        @web.middleware
        async def admit(request: web.Request, handler: Callable) -> web.StreamResponse:
            self.traces += request.headers.getall("traceparent", [])
            if self.is_down:
                self.turned_away += 1
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
            async with self._free:
                await self._free.wait_for(lambda: self.connections is None or self._connected < self.connections)
                self._connected += 1
            self.most_connections = max(self.most_connections, self._connected)
            try:
                return await handler(request)
            finally:
                self._connected -= 1
                async with self._free:
                    self._free.notify_all()

        return admit

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.file_requests.append(f"{request.method} {request.raw_path}")
        self.file_headers.append(dict(request.headers))
        if self.file_reply is not None:
            return await self.file_reply(request)
        if request.path not in self.files:
            return web.json_response({"code": "not_found", "message": "File not found", "status": 404}, status=404)
        media_type, content = self.files[request.path]
        return web.Response(body=content, content_type=media_type)

    def stop_of(self, task_id: str) -> asyncio.Event:
        return self._stops.setdefault(task_id, asyncio.Event())

    async def _info(self, request: web.Request) -> web.StreamResponse:
        self.checks += 1
        if self.info is not None:
            stage = Stage(self, request)
            await self.info(stage)
            return stage.response
        app = {"name": "Ward 7", "description": "", "tags": [], "mode": self.mode}
        return _refusal(request) or web.json_response(app, headers=self.info_headers)

    async def _parameters(self, request: web.Request) -> web.StreamResponse:
        if self.parameters_reply is not None:
            await self.parameters_reply()
        self.told_parameters += 1
        return _refusal(request) or web.json_response(self.parameters)

    async def _site(self, request: web.Request) -> web.StreamResponse:
        if self.site_reply is not None:
            await self.site_reply()
        if self.site is None:
            return web.json_response({"code": "forbidden", "status": 403}, status=403)
        return _refusal(request) or web.json_response(self.site)

    async def _play(self, request: web.Request, scene: Scene | None, recording: str | None) -> web.StreamResponse:
        """What is around the chat: the recording, unless a scene stands in."""
        if refusal := _refusal(request):
            return refusal
        stage = Stage(self, request)
        try:
            await (scene or replay(recording))(stage)
        except ConnectionResetError:
            self.hung_up += 1
        return stage.response

    async def _chat_messages(self, request: web.Request) -> web.StreamResponse:
        if refusal := _refusal(request):
            return refusal
        self.questions.append(await request.json())
        scene = self._scenes.pop(0) if len(self._scenes) > 1 else self._scenes[0]
        stage = Stage(self, request)
        self.app_api.owners[stage.ids["message_id"]] = self.questions[-1]["user"]
        try:
            await scene(stage)
        except ConnectionResetError:
            self.hung_up += 1
        self.finished += 1
        return stage.response

    def release(self) -> None:
        """Let every scene that waits for a stop go on."""
        for stop in self._stops.values():
            stop.set()

    async def _stop(self, request: web.Request) -> web.Response:
        await self.may_answer_stops.wait()
        task_id = request.match_info["task_id"]
        self.stops.append((task_id, (await request.json())["user"]))
        if self.stop_statuses:
            return web.json_response({"code": "internal_server_error"}, status=self.stop_statuses.pop(0))
        if not self.ignores_stops:
            self.stop_of(task_id).set()
        return web.json_response({"result": "success"})


def _refusal(request: web.Request) -> web.Response | None:
    if request.headers.get("Authorization") == f"Bearer {KEY}":
        return None
    refusal = {"code": "unauthorized", "message": "Access token is invalid", "status": 401}
    return web.json_response(refusal, status=401)


def replay(name: str, cut: Callable[[recordings.Recording], Iterable[bytes]] | None = None, pause: float = 0) -> Scene:
    """A recording; `cut` makes other pieces of it than its own chunks, `pause` waits between them (seconds)."""
    recording = recordings.load(name)

    async def scene(stage: Stage) -> None:
        await stage.open(recording.status, recording.content_type)
        for piece in cut(recording) if cut else recording.chunks:
            await stage.write(piece)
            await asyncio.sleep(pause)
        if recording.stays_open:
            await stage.held()

    return scene


def byte_by_byte(recording: recordings.Recording) -> Iterable[bytes]:
    return (bytes([byte]) for byte in recording.body)


def all_at_once(recording: recordings.Recording) -> Iterable[bytes]:
    return [recording.body]


def flow(program: Callable) -> Scene:
    """A chatflow in the worker of 1.13 and newer; see fake_workflows for programs."""

    async def scene(stage: Stage) -> None:
        await stage.open()
        await stage.dify.workflows.run(await stage.request.json(), program, stage.response)

    return scene


def cut(scene: Scene, after: asyncio.Event, *, cleanly: bool = False) -> Scene:
    """The connection is torn down while the run goes on, as where Dify's API, or a proxy before it, restarts.

    Some proxies end the stream `cleanly` then.
    """

    async def cut_off(stage: Stage) -> None:
        playing = asyncio.ensure_future(scene(stage))
        await after.wait()
        playing.cancel()
        if not cleanly:
            stage.request.transport.abort()
        with suppress(asyncio.CancelledError):
            await playing

    return cut_off


def say(*words: str, pause: float = 0) -> Scene:
    async def scene(stage: Stage) -> None:
        await stage.open()
        for word in words:
            await stage.event("message", answer=word)
            await asyncio.sleep(pause)
        await stage.end()

    return scene


def events(*kinds_and_fields: tuple[str, dict]) -> Scene:
    """These events, as they are, and then the end of the stream."""

    async def scene(stage: Stage) -> None:
        await stage.open()
        for kind, fields in kinds_and_fields:
            await stage.event(kind, **fields)

    return scene


def raw(data: bytes, status: int = 200, content_type: str = "text/event-stream") -> Scene:
    async def scene(stage: Stage) -> None:
        await stage.open(status, content_type)
        await stage.write(data)

    return scene


def writes_down(*texts: str) -> Scene:
    """What speech recognition says of each recording, in turn."""
    left = iter(texts)

    async def scene(stage: Stage) -> None:
        await stage.open(content_type="application/json")
        await stage.write(json.dumps({"text": next(left)}).encode())

    return scene


def until_stopped(*words: str) -> Scene:
    """Says the words, then goes on thinking until it is told to stop."""

    async def scene(stage: Stage) -> None:
        await stage.open()
        for word in words:
            await stage.event("message", answer=word)
        await stage.stopped()
        await stage.end()

    return scene


def think_until(release: asyncio.Event, then: Scene) -> Scene:
    """Silent, without even headers, until released."""

    async def scene(stage: Stage) -> None:
        await release.wait()
        await then(stage)

    return scene


def reset_after(*words: str) -> Scene:
    """The connection is torn down in the middle."""

    async def scene(stage: Stage) -> None:
        await stage.open()
        for word in words:
            await stage.event("message", answer=word)
        stage.request.transport.abort()

    return scene


def reset_at_once() -> Scene:
    async def scene(stage: Stage) -> None:
        stage.request.transport.abort()

    return scene
