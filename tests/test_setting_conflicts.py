"""Settings that contradict each other, or lack another one."""

import pytest

from service.setting_conflicts import conflicts_of
from service.settings import Settings

SECRET, KEYS = {"auth_jwt_secret": "x" * 32}, {"auth_jwks_url": "https://login.example.com/keys"}
AUDIENCE, ISSUER = {"auth_jwt_audience": "chat"}, {"auth_jwt_issuer": "https://login.example.com"}
PROCESSES = {"web_concurrency": 2, "redis_url": "redis://localhost"}
HEADER, PROXIES = {"auth_header": "X-Forwarded-User"}, {"auth_proxy_ips": ("127.0.0.1",)}


@pytest.mark.parametrize(
    "values",
    [{}, PROCESSES, SECRET, SECRET | AUDIENCE | ISSUER, KEYS | AUDIENCE, KEYS | AUDIENCE | ISSUER, HEADER | PROXIES],
)
def test_what_fits_is_taken(values):
    assert list(conflicts_of(Settings(**values))) == []


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (SECRET | KEYS | AUDIENCE, ["AUTH_JWT_SECRET"]),
        (KEYS, ["AUTH_JWT_AUDIENCE"]),
        (AUDIENCE, ["AUTH_JWT_AUDIENCE"]),
        (ISSUER, ["AUTH_JWT_ISSUER"]),
        (HEADER, ["AUTH_PROXY_IPS"]),
        (PROXIES, ["AUTH_PROXY_IPS"]),
        (HEADER | PROXIES | SECRET, ["AUTH_HEADER"]),
        (HEADER | PROXIES | KEYS | AUDIENCE, ["AUTH_HEADER"]),
        (HEADER | PROXIES | AUDIENCE, ["AUTH_JWT_AUDIENCE"]),
        (HEADER | AUDIENCE | ISSUER, ["AUTH_JWT_AUDIENCE", "AUTH_JWT_ISSUER", "AUTH_PROXY_IPS"]),
        ({"mock_mode": False}, ["DIFY_API_KEY"]),
        ({"web_concurrency": 2}, ["WEB_CONCURRENCY"]),
        ({"websocket_heartbeat_timeout": 30}, ["WEBSOCKET_HEARTBEAT_TIMEOUT"]),
        ({"web_concurrency": 2} | KEYS, ["WEB_CONCURRENCY", "AUTH_JWT_AUDIENCE"]),
    ],
)
def test_what_does_not_is_refused_by_name(values, names):
    assert [line.partition(":")[0] for line in conflicts_of(Settings(**values))] == names


def test_windows_runs_one_process_only(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    assert list(conflicts_of(Settings(**PROCESSES))) == [
        "WEB_CONCURRENCY: more than one process is not possible on Windows."
    ]
