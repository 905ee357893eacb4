"""The operations: each route of the service is one, and says who may ask."""

import re

from starlette.routing import Route

from service.app import create_app
from service.settings import Settings
from service.web.operations import OPERATIONS

NOT_HTTP = {"/ws", "/ws/chat", "/ws/chat/{client_id}", "/ws/{path}"}


def test_it_has_each_route_of_the_service_and_no_other():
    app = create_app(Settings(metrics_token="0" * 16, admin_token="0" * 16))
    routes = {
        (method.lower(), re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(each.method, each.path) for each in OPERATIONS} == {it for it in routes if it[1] not in NOT_HTTP}


def test_only_what_anybody_may_ask_needs_no_token():
    open_paths = {each.path for each in OPERATIONS if {} in each.security}
    assert open_paths >= {"/", "/chat", "/docs", "/health", "/ready", "/api/app", "/api/app-files/{path}"}
    assert not open_paths & {"/api/files", "/api/audio-to-text", "/metrics", "/api/admin/connections"}
