"""An example of each route, for the reference and its schema: a success and a failure. No I/O."""

from collections.abc import Mapping

from service import __version__
from service.answers import failures
from service.result_codes import ResultCode
from service.web.examples import JSON, Example, Examples, curl, fails, fails_by, json_options, ok, page, wrong_method
from service.web.frames import MESSAGE, UPLOAD

_USER = '-H "Authorization: Bearer $token"'
_METRICS = '-H "Authorization: Bearer $METRICS_TOKEN"'
_ADMIN = '-H "Authorization: Bearer $ADMIN_TOKEN"'
_MS = 1_790_000_000_000

_CHECKS = {"dify": "unused", "redis": "unused", "breaker": "unused", "sockets": "free", "drain": "none"}
_CONNECTION = {
    "client_id": "ward-7",
    "user": None,
    "since": _MS,
    "address": "192.0.2.7",
    "origin": None,
    "browser": "Firefox 140",
    "answers": 3,
    "answers_under_way": 0,
}
_CONNECTIONS = {"connections": [_CONNECTION], "silent": 0}
_MESSAGES, _ADMIN_PATH = f"/api/messages/{MESSAGE}", "/api/admin/connections"

EXAMPLES: Mapping[str, Examples] = {
    "get /": Examples(
        ok(
            "/",
            data={
                "name": "Assistant",
                "version": __version__,
                "mode": "mock",
                "links": {"chat": "chat", "docs": "docs", "health": "health", "websocket": "ws/chat"},
            },
        ),
        wrong_method("/"),
    ),
    "get /chat": page("/chat"),
    "get /docs": page("/docs"),
    "get /openapi.json": page("/openapi.json", JSON, "openapi.json"),
    "get /asyncapi.json": page("/asyncapi.json", JSON, "asyncapi.json"),
    "get /manifest.webmanifest": Examples(
        Example(
            curl("/manifest.webmanifest"),
            {
                "name": "Assistant",
                "short_name": "Assistant",
                "start_url": "chat",
                "scope": ".",
                "display": "standalone",
                "theme_color": "#0f6a73",
                "background_color": "#f6f8f9",
                "icons": [
                    {"src": "icon", "sizes": "any", "purpose": "any"},
                    {"src": "icon?maskable", "sizes": "any", "purpose": "maskable"},
                ],
            },
            media="application/manifest+json",
        ),
        wrong_method("/manifest.webmanifest"),
    ),
    "get /icon": Examples(Example(curl("/icon", "-L -o icon.svg"), media="image/svg+xml"), wrong_method("/icon")),
    "get /page.css": page("/page.css", "text/css", "page.css"),
    "get /health": Examples(
        ok(
            "/health",
            data={
                "status": "up",
                "version": __version__,
                "mode": "mock",
                "worker": 1,
                "pid": 4711,
                "connections": 12,
                "turns": 2,
                "answers": {"done": 340},
                "tokens": 51_000,
                "undelivered_characters": 0,
                "limits_hit": {
                    "user_max_answers": 0,
                    "user_questions_per_minute": 1,
                    "address_questions_per_minute": 0,
                    "address_max_answers": 0,
                    "address_max_connections": 0,
                    "address_handshakes_per_minute": 0,
                    "address_calls_per_minute": 0,
                    "address_bytes_per_minute": 0,
                },
                "log_lines_dropped": {},
            },
        ),
        wrong_method("/health"),
    ),
    "get /ready": Examples(
        ok("/ready", data={"status": "ready", "mode": "mock", "trouble": None, "checks": _CHECKS}),
        fails(
            "/ready",
            code=ResultCode.UNAVAILABLE,
            message=f"{failures.UNREACHABLE.reason}: {failures.UNREACHABLE.cause}",
            data={
                "status": "not_ready",
                "mode": "dify",
                "trouble": {"reason": failures.UNREACHABLE.reason, "cause": failures.UNREACHABLE.cause},
                "checks": _CHECKS | {"dify": "failing", "breaker": "closed"},
            },
        ),
    ),
    "get /metrics": Examples(
        Example(
            curl("/metrics", _METRICS),
            "# HELP dify_live_connections Clients that are connected.\n"
            "# TYPE dify_live_connections gauge\n"
            'dify_live_connections{worker="1"} 12.0',
            media="text/plain",
        ),
        fails("/metrics", code=ResultCode.UNAUTHORIZED, message="Send METRICS_TOKEN as Authorization: Bearer."),
    ),
    "get /api/admin/connections": Examples(
        ok(_ADMIN_PATH, _ADMIN, data=_CONNECTIONS), fails(_ADMIN_PATH, code=ResultCode.NOT_FOUND)
    ),
    "post /api/admin/connections/{client_id}/close": Examples(
        ok(f"{_ADMIN_PATH}/ward-7/close", _ADMIN, "-X POST", data=_CONNECTIONS),
        fails(f"{_ADMIN_PATH}/ward-7/close", "-X POST", code=ResultCode.NOT_FOUND),
    ),
    "get /api/app": Examples(
        ok(
            "/api/app",
            data={
                "name": "Visitors' desk",
                "mode": "chat",
                "source": "mock",
                "icon": None,
                "opening_statement": "Hello! What would you like to know?",
                "opening_statement_zh": "",
                "suggested_questions": ["When are visiting hours?"],
                "suggested_questions_after_answer": True,
                "speech_to_text": True,
                "text_to_speech": True,
                "speaks_by_itself": False,
                "citations": True,
                "upload": {
                    "kinds": ["image", "document"],
                    "extensions": [],
                    "max_files": 3,
                    "max_bytes": {
                        "image": 10_485_760,
                        "audio": 52_428_800,
                        "video": 104_857_600,
                        "document": 15_728_640,
                    },
                },
                "inputs": [],
                "stale": False,
                "speech": {"engine": "auto", "speculative": True},
            },
        ),
        fails(
            "/api/app",
            '-H "Origin: https://elsewhere.example"',
            code=ResultCode.FORBIDDEN,
            message="Pages from https://elsewhere.example may not ask here: see ALLOWED_ORIGINS.",
        ),
    ),
    "get /api/messages/{message_id}/suggested": Examples(
        ok(f"{_MESSAGES}/suggested", _USER, data=["And on Sundays?", "Where is the entrance?"]),
        fails(
            f"{_MESSAGES}/suggested",
            code=ResultCode.UNAUTHORIZED,
            message="Send the connection's resume_token: Authorization: Bearer <32 hexadecimal digits>.",
            data={"reason": "token_missing"},
        ),
    ),
    "post /api/messages/{message_id}/feedback": Examples(
        ok(f"{_MESSAGES}/feedback", _USER, data=None, sent={"rating": "like"}),
        fails_by(
            failures.MESSAGE_NOT_FOUND,
            f"{_MESSAGES}/feedback",
            _USER,
            sent={"rating": "like", "content": "/mock error message_not_found"},
        ),
    ),
    "post /api/text-to-audio": Examples(
        Example(
            curl("/api/text-to-audio", _USER, *json_options({"text": "Hello!"}), "-o hello.wav"),
            media="audio/wav",
            sent={"text": "Hello!"},
        ),
        fails_by(failures.FEATURE_OFF, "/api/text-to-audio", _USER, sent={"text": "/mock error feature_off"}),
    ),
    "post /api/audio-to-text": Examples(
        ok(
            "/api/audio-to-text",
            _USER,
            '-F "file=@hello.wav;type=audio/wav"',
            data={"text": "When are visiting hours?"},
        ),
        fails_by(failures.UNSUPPORTED_AUDIO, "/api/audio-to-text", _USER, '-F "file=@hello.wav;type=audio/webm"'),
    ),
    "post /api/files": Examples(
        ok(
            "/api/files",
            _USER,
            '-F "file=@plan.txt"',
            data={
                "id": UPLOAD,
                "name": "plan.txt",
                "size": 30,
                "kind": "document",
                "extension": "txt",
                "mime_type": "text/plain",
            },
        ),
        fails_by(failures.TOO_LARGE, "/api/files", _USER, '-F "file=@plan.txt;filename=mock-error-too_large.txt"'),
    ),
    "get /api/app-files/{path}": Examples(
        Example(curl("/api/app-files/mock-sunrise.png", "-o sunrise.png"), media="image/png"),
        fails_by(failures.FILE_LINK_INVALID, "/api/app-files/anything.png"),
    ),
}
"""By method and path. All but /ready's failure are told by a service in mock mode."""

HANDSHAKE = fails(
    "/ws/chat",
    code=ResultCode.UPGRADE_REQUIRED,
    message="Connect here with a WebSocket. A proxy in between has to pass on the headers Upgrade and Connection.",
)
"""A plain request, which is none."""
