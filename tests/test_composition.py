"""The parts that settings ask for."""

import pytest

from service.admission.header_authenticator import HeaderAuthenticator
from service.admission.jwt_authenticator import JwtAuthenticator
from service.chat.cluster import SingleProcess
from service.composition import parts_of
from service.settings import Settings
from service.tasks import Tasks

DIFY = {"dify_api_key": "app-key-of-a-test", "mock_mode": False, "dify_api_url": "http://127.0.0.1:9/v1"}


@pytest.fixture
async def make():
    """Parts that are closed in the end, whether or not they were started."""
    made = []

    def make(**settings):
        made.append(parts_of(Settings(**settings)))
        return made[-1]

    yield make
    for parts in made:
        await parts.close(Tasks())


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, type(None)),
        ({"auth_header": "X-Forwarded-User", "auth_proxy_ips": ("10.0.0.1",)}, HeaderAuthenticator),
        ({"auth_jwt_secret": "x" * 32}, JwtAuthenticator),
    ],
)
async def test_only_where_users_prove_who_they_are_is_there_a_login(make, settings, kind):
    parts = make(**settings)
    assert isinstance(parts.authenticator, kind)
    assert (parts.login is not None) == bool(settings) == ("unauthenticated" in parts.counts())


@pytest.mark.parametrize(("settings", "counts_waiting"), [({"mock_mode": True}, False), (DIFY, True)])
async def test_who_waits_for_dify_is_counted_where_dify_is_asked(make, settings, counts_waiting):
    parts = make(**settings)
    assert isinstance(parts.cluster, SingleProcess)
    assert (parts.counts().keys() >= parts.limiters.answers.counts().keys()) == counts_waiting


async def test_what_was_started_ends_with_the_parts(make):
    parts, tasks = make(), Tasks()
    await parts.start(tasks)
    assert tasks._running
    await parts.close(tasks)
    assert not tasks._running
