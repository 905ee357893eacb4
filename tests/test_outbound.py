"""The way out to other servers."""

import pytest

from service.outbound import is_near, proxy_of_environment, tls_context, without_credentials
from tests.tls import certificate

PROXY = "http://proxy.example.com:3128"
FAR = "https://api.dify.ai/v1"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("value", [PROXY, PROXY.removeprefix("http://")])
def test_the_proxy_of_the_environment_is_for_https(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert proxy_of_environment(FAR) == PROXY


@pytest.mark.parametrize(
    "url",
    [
        "http://dify.example.com/v1", "https://api/v1", "https://localhost/v1", "https://127.0.0.1/v1",
        "https://192.168.1.7:8443/v1", "https://[fd00::1]/v1", "https://dify.internal/v1", "https://dify.local/v1",
    ],
)  # fmt: skip
def test_what_is_near_or_not_encrypted_goes_by_no_proxy_of_the_environment(monkeypatch, url):
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert proxy_of_environment(url) == ""


@pytest.mark.parametrize("value", ["api.dify.ai", ".dify.ai", "x.example, dify.ai", "*", "api.dify.ai:443"])
def test_no_proxy_names_who_is_asked_directly(monkeypatch, value):
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", value)
    assert proxy_of_environment("https://API.dify.ai:443/v1") == ""
    assert proxy_of_environment("https://dify.example.com/v1") == ("" if value == "*" else PROXY)


def test_without_a_proxy_there_is_none():
    assert proxy_of_environment(FAR) == ""


@pytest.mark.parametrize(("host", "near"), [("10.0.0.1", True), ("api", True), ("8.8.8.8", False), ("a.com", False)])
def test_what_is_near(host, near):
    assert is_near(host) is near


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (PROXY, PROXY),
        ("http://me:pass@proxy.example.com:3128", "http://***@proxy.example.com:3128"),
        ("http://me:p@ss@proxy.example.com", "http://***@proxy.example.com"),
    ],
)
def test_credentials_are_not_shown(url, shown):
    assert without_credentials(url) == shown


def test_certificates_are_trusted_by_what_the_environment_says_now(monkeypatch, tmp_path):
    _, path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    trusted = {dict(pair[0] for pair in it["subject"])["commonName"] for it in tls_context().get_ca_certs()}
    assert "tests" in trusted
