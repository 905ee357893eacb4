"""A proxy that serves a service under a path, which it takes away, and answers 404 beside it; as Dify's neighbour."""

import asyncio

import aiohttp
from aiohttp import web

_OWN = {"Connection", "Content-Encoding", "Content-Length", "Host", "Transfer-Encoding", "Upgrade"}


def prefix_proxy(url, prefix):
    """An aiohttp application: what begins with `prefix` goes to the service at `url` without it."""

    async def relay(request):
        target = url + request.raw_path.removeprefix(prefix)
        headers = {name: value for name, value in request.headers.items() if name not in _OWN or name == "Host"}
        headers |= {"X-Forwarded-Proto": "https"}
        async with aiohttp.ClientSession() as session:
            if request.headers.get("Upgrade") == "websocket":
                return await _relay_socket(request, session, target, headers)
            body = await request.read()
            options = {"data": body, "headers": headers, "allow_redirects": False}
            async with session.request(request.method, target, **options) as upstream:
                kept = {name: value for name, value in upstream.headers.items() if name not in _OWN}
                return web.Response(status=upstream.status, headers=kept, body=await upstream.read())

    app = web.Application(client_max_size=100_000_000)
    app.router.add_route("*", prefix + "/{path:.*}", relay)
    return app


async def _relay_socket(request, session, target, headers):
    headers = {name: value for name, value in headers.items() if not name.startswith("Sec-WebSocket")}
    async with session.ws_connect(target, headers=headers) as upstream:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        passing = [asyncio.create_task(_pass(*pair)) for pair in ((socket, upstream), (upstream, socket))]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        await upstream.close()
        await socket.close(code=upstream.close_code or 1000)
        await asyncio.wait(passing)
        return socket


async def _pass(source, target):
    async for message in source:
        await target.send_str(message.data)
