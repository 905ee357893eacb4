"""An HTTP proxy as companies have them: CONNECT for https, whole URLs for http; it may ask for credentials."""

import asyncio
from contextlib import suppress


class ForwardProxy:
    """Whatever host it is asked for, it connects to `port` of this machine. `asked` are the heads that it got."""

    def __init__(self, port, refusal=b""):
        self.port = port
        self.refusal = refusal
        self.asked = []

    async def serve(self, reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.decode())
            if self.refusal:
                writer.write(b"HTTP/1.1 " + self.refusal + b"\r\nContent-Length: 0\r\n\r\n")
            else:
                await self._pass_on(head, reader, writer)
        writer.close()

    async def _pass_on(self, head, reader, writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            method, url, rest = head.split(b" ", 2)
            to_server.write(b" ".join((method, b"/" + url.split(b"/", 3)[3], rest)))
        ways = [asyncio.create_task(_copy(reader, to_server)), asyncio.create_task(_copy(from_server, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        to_server.close()


async def _copy(reader, writer):
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
