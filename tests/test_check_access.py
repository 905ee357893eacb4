"""`python -m service check`: what it says of who may come, and how that is known."""

from dataclasses import replace

import pytest
from aiohttp import web

from service.check_access import access_findings
from service.settings import Settings
from tests.tokens import SECRET, Provider, key_set


@pytest.fixture
async def found():
    """The findings by what they are of, and those among them that come with a fix."""

    async def found(**changes):
        findings = [finding async for finding in access_findings(replace(Settings(), **changes))]
        return {it.what: it.words for it in findings}, {it.what: it.fix for it in findings if it.fix}

    return found


@pytest.fixture
async def shown(aiohttp_server):
    """The address of an identity provider that shows these bytes."""

    async def shown(body):
        async def answer(_):
            return web.Response(body=body)

        app = web.Application()
        app.router.add_get("/keys", answer)
        return str((await aiohttp_server(app)).make_url("/keys"))

    return shown


@pytest.mark.parametrize(
    ("changes", "what", "words"),
    [
        ({}, "users", "anybody may ask"),
        ({"auth_jwt_secret": SECRET, "auth_jwt_issuer": "ward"}, "users", "AUTH_JWT_SECRET, iss ward"),
        ({"auth_header": "X-User", "auth_proxy_ips": ("10.0.0.7",)}, "users", "whom X-User names, from 10.0.0.7 and"),
        ({}, "hosts", "Set ALLOWED_HOSTS"),
        ({"allowed_hosts": ("chat.example.com",)}, "hosts", "asked under chat.example.com"),
        ({"allowed_origins": ("*",)}, "origins", "any page may connect"),
        ({}, "addresses", "until FORWARDED_ALLOW_IPS names it"),
        ({"forwarded_allow_ips": ("*",)}, "addresses", "where nothing but the proxy can connect"),
        ({"forwarded_allow_ips": ("10.0.0.0/8",)}, "addresses", "X-Forwarded-For from 10.0.0.0/8"),
        ({"address_max_answers": 3}, "addresses", "3 answers at once for each"),
        ({}, "budget", "TOKENS_PER_DAY"),
    ],
)
async def test_each_choice_is_told_with_what_it_means(found, changes, what, words):
    told, wrong = await found(**changes)
    assert words in told[what]
    assert wrong == {}
    assert SECRET not in str(told)


async def test_what_is_not_a_matter_is_not_told(found):
    told, _ = await found(tokens_per_day=1, address_max_answers=0)
    assert list(told) == ["hosts", "users", "addresses"]
    assert "answers" not in told["addresses"]


async def test_the_keys_of_the_provider_are_read(found, shown):
    url = await shown(key_set(Provider().jwk))
    told, wrong = await found(auth_jwks_url=url, auth_jwt_audience="chat")
    assert told["users"] == "who has a token signed with one of 1 keys of AUTH_JWKS_URL, aud chat"
    assert wrong == {}


@pytest.mark.parametrize("body", [key_set(), b'{"status": "up"}', b"<html>"])
async def test_a_provider_that_shows_no_keys_lets_nobody_in(found, shown, body):
    told, wrong = await found(auth_jwks_url=await shown(body))
    assert told["users"].startswith("nobody gets in: AUTH_JWKS_URL cannot be read: ")
    assert "jwks_uri" in wrong["users"]


async def test_a_misspelt_name_may_be_another_program_s(found, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOST", "chat.example.com")
    _, wrong = await found()
    assert wrong == {}
    finding = await anext(access_findings(Settings()))
    assert finding.advice.startswith("Is ALLOWED_HOSTS meant?")
