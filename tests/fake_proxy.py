"""A proxy that holds back what it passes on, as nginx does unless it is told not to."""

import aiohttp
from aiohttp import web

BUFFER_BYTES = 4096


def buffering_proxy(url, buffer_bytes=BUFFER_BYTES):
    """An aiohttp application in front of the server at `url`: bodies leave it in blocks."""

    async def relay(request):
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        hops = [*request.headers.getall("X-Forwarded-For", []), request.remote]
        headers["X-Forwarded-For"] = ", ".join(hops)
        body = await request.read()
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, f"{url}{request.rel_url}", data=body, headers=headers) as upstream,
        ):
            response = web.StreamResponse(status=upstream.status)
            response.content_type = upstream.content_type
            await response.prepare(request)
            held = b""
            async for chunk in upstream.content.iter_any():
                held += chunk
                while len(held) >= buffer_bytes:
                    await response.write(held[:buffer_bytes])
                    held = held[buffer_bytes:]
            await response.write(held)
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", relay)
    return app
