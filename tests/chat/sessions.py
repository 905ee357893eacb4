"""Stand-ins for a session and for its connection, and what a client sends."""

import asyncio
import json
import time

from service.chat.client_identity import new_token, owner_of


class Session:
    """What the registry and the supervisor see of a session."""

    def __init__(self, client_id="bed-7", seen_ago=0.0, token=None):
        self.client_id = client_id
        self.id = new_token()
        self.owner = owner_of(token or new_token())
        self.heard_at = 0.0
        self.last_received = self.last_activity = time.monotonic() - seen_ago
        self.is_busy = False
        self.number = 0
        self.sent = []
        self.closed = asyncio.Event()
        self.close_code = None
        self.blocked = False
        self.opened_at = time.time()

    def describe(self):
        return self.client_id

    async def send(self, frame):
        if self.blocked:
            await asyncio.Event().wait()
        self.sent.append(frame)

    async def close(self, close_code):
        self.close_code = close_code
        self.closed.set()


class Transport:
    """Keeps what was sent, acknowledged resumes apart; `blocked` is a client that reads nothing."""

    def __init__(self):
        self.frames = []
        self.resumed = []
        self.closed = None
        self.aborted = False
        self.blocked = False

    def write(self, message):
        if not self.blocked:
            self._keep(json.loads(message))
        return not self.blocked

    async def send(self, message):
        if self.blocked:
            await asyncio.Event().wait()
        self._keep(json.loads(message))

    def _keep(self, frame):
        (self.resumed if frame["type"] == "resumed" else self.frames).append(frame)

    async def close(self, code, reason):
        self.closed = (code, reason)

    def abort(self):
        self.aborted = True


def chat(content="Hi", **fields):
    return json.dumps({"type": "chat", "content": content, **fields})


def terminal(frames):
    """Those that end a turn."""
    return [frame for frame in frames if frame["type"] in ("chat", "error")]
