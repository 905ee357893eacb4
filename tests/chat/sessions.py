"""A session without a client."""

import asyncio
import time


class Session:
    """What the registry and the supervisor see of a session."""

    def __init__(self, client_id, seen_ago=0.0):
        self.client_id = client_id
        self.last_received = self.last_activity = time.monotonic() - seen_ago
        self.is_busy = False
        self.sent = []
        self.closed = asyncio.Event()
        self.close_code = None
        self.blocked = False

    async def send(self, frame):
        if self.blocked:
            await asyncio.Event().wait()
        self.sent.append(frame)

    async def close(self, close_code):
        self.close_code = close_code
        self.closed.set()
