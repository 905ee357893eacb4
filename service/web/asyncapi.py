"""/asyncapi.json: the WebSocket's frames (AsyncAPI 3.0). No I/O."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from service import __version__
from service.admission.subprotocols import BEARER, DIFY_LIVE
from service.chat import close_codes
from service.web.client_frames import CLIENT_FRAMES
from service.web.frames import Frame
from service.web.schemas import components, reference
from service.web.server_frames import FRAME_SHAPES, SERVER_FRAMES

_CHANNELS = {
    "chat": ("/ws/chat", {}),
    "chatOfClient": (
        "/ws/chat/{client_id}",
        {"client_id": {"description": "Your own id: up to 128 printable characters; a name, and no key."}},
    ),
}
_HOST = {
    "host": {"default": "localhost:8000", "description": "The service's, or its proxy's."},
    "path": {"default": "", "description": "Under which a proxy serves it, as /assistant; it works under any."},
}
_SERVERS = {"plain": ("ws", "As the service listens."), "encrypted": ("wss", "Behind a proxy that ends TLS.")}
_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Where users prove who they are, of a program: the user's token, with the handshake.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "The same of a page, which sets no header of its own: "
        f'new WebSocket(url, ["{DIFY_LIVE}", "{BEARER}" + jwt]).',
    },
}
_ACCESS = (
    "Where AUTH_JWT_SECRET or AUTH_JWKS_URL is set, users prove who they are: by one of the security schemes, or by an "
    "auth frame as the first, within 10 seconds. Else neither is needed; where AUTH_HEADER is set, the proxy says it."
)


@cache
def asyncapi() -> dict[str, Any]:
    """`receive` and `send` are the service's: what a client sends, it receives."""
    _, schemas = components([frame.kind for frame in (*CLIENT_FRAMES, *SERVER_FRAMES)])
    for frame in (*CLIENT_FRAMES, *SERVER_FRAMES):
        schemas[frame.kind.__name__]["description"] = frame.meaning
        _describe(schemas[frame.kind.__name__], frame.fields)
    for name, fields in FRAME_SHAPES.items():
        _describe(schemas[name], fields)
    closes = "\n".join(f"- {it.code}: {it.reason} {advice}" for it, advice in sorted(close_codes.ADVICE.items()))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dify Live, the WebSocket",
            "version": __version__,
            "description": "JSON text frames, told apart by `type`. Unknown fields are ignored, in both directions. "
            f"Close codes; from 4500 on, and after 1008, do not come back by yourself:\n\n{closes}",
        },
        "defaultContentType": "application/json",
        "servers": {name: _server(protocol, words) for name, (protocol, words) in _SERVERS.items()},
        "channels": {name: _channel(address, parameters) for name, (address, parameters) in _CHANNELS.items()},
        "operations": {
            f"{action}{name[0].upper()}{name[1:]}": _operation(action, name, frames)
            for name in _CHANNELS
            for action, frames in (("receive", CLIENT_FRAMES), ("send", SERVER_FRAMES))
        },
        "components": {
            "schemas": schemas,
            "messages": {frame.kind.__name__: _message(frame) for frame in (*CLIENT_FRAMES, *SERVER_FRAMES)},
            "securitySchemes": _SECURITY,
        },
    }


def _describe(schema: dict[str, Any], fields: Mapping[str, str]) -> None:
    for name, meaning in fields.items():
        schema["properties"][name]["description"] = meaning


def _server(protocol: str, words: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "pathname": "{path}",
        "protocol": protocol,
        "description": f"{words} {_ACCESS}",
        "variables": _HOST,
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
    }


def _channel(address: str, parameters: dict[str, Any]) -> dict[str, Any]:
    names = [frame.kind.__name__ for frame in (*CLIENT_FRAMES, *SERVER_FRAMES)]
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    channel = {"address": address, "messages": messages, "bindings": {"ws": {"method": "GET"}}}
    return channel | ({"parameters": parameters} if parameters else {})


def _operation(action: str, channel: str, frames: Iterable[Frame]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{channel}/messages/{frame.kind.__name__}"} for frame in frames]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": messages}


def _message(frame: Frame) -> dict[str, Any]:
    return {
        "name": frame.type,
        "summary": frame.meaning,
        "payload": reference(frame.kind.__name__),
        "examples": [{"payload": msgspec.json.decode(frame.json)}],
    }
