"""Until when a connection is its user's, and how it stays so."""

import asyncio
import time

import pytest

from service.admission.authentication import Reason, Unauthenticated
from service.admission.caller import Caller, Principal, UserLimits
from service.chat import authentication, close_codes
from service.chat.authentication import Authentication, close_code_of, failure_of
from tests.conftest import eventually, logged
from tests.tokens import SECRET, bearer, token


class Tokens:
    """Each text is a principal, or an error."""

    def __init__(self, **known):
        self.known = known

    async def verify(self, token):
        found = self.known[token]
        if isinstance(found, Exception):
            raise found
        return found


class Session:
    def __init__(self, principal):
        self.caller = Caller("192.0.2.1", principal)
        self.sent = []
        self.close_code = None

    async def send(self, message):
        self.sent.append(message)
        return True

    async def close(self, close_code):
        self.close_code = close_code


def ana(seconds, **others):
    return Principal("ana", time.time() + seconds, **others)


@pytest.fixture
async def open_until(monkeypatch):
    """A session of a principal, with tokens to renew it."""
    monkeypatch.setattr(authentication, "LEEWAY_SECONDS", 0.05)
    opened = []

    def open_until(principal, **tokens):
        session = Session(principal)
        opened.append(Authentication(Tokens(**tokens), session))
        return session, opened[-1]

    yield open_until
    for each in opened:
        await each.end()


async def test_a_notice_comes_halfway_and_the_end_after_the_leeway(open_until):
    session, _ = open_until(ana(0.2))
    await eventually(lambda: session.close_code)
    (notice,) = session.sent
    assert notice.reason == "token_expiring"
    assert notice.expires_in <= 100
    assert session.close_code is close_codes.UNAUTHENTICATED
    assert time.time() > session.caller.principal.expires_at + 0.05


async def test_with_more_time_the_notice_comes_a_minute_before(open_until, monkeypatch):
    monkeypatch.setattr(authentication, "NOTICE_SECONDS", 0.1)
    monkeypatch.setattr(authentication, "LEEWAY_SECONDS", 30)
    session, _ = open_until(ana(0.5))
    await eventually(lambda: session.sent)
    assert session.sent[0].expires_in <= 100
    assert session.close_code is None


async def test_a_token_within_the_leeway_is_told_at_once(open_until, monkeypatch):
    monkeypatch.setattr(authentication, "LEEWAY_SECONDS", 30)
    session, _ = open_until(ana(-1))
    await eventually(lambda: session.sent)
    assert (session.sent[0].expires_in, session.close_code) == (0, None)


async def test_a_new_token_of_the_same_user_moves_the_end(open_until):
    newer = ana(300, limits=UserLimits(answers_at_once=2), inputs={"ward": 8})
    session, current = open_until(ana(0.05), newer=newer)
    await current.renew("newer")
    assert session.caller == Caller("192.0.2.1", newer)
    assert session.sent[-1].reason == "token_renewed"
    await asyncio.sleep(0.15)
    assert session.close_code is None


async def test_a_bad_new_token_changes_nothing(open_until, events):
    principal = ana(300)
    session, current = open_until(principal, bad=Unauthenticated(Reason.EXPIRED, "it has expired"))
    await current.renew("bad")
    assert (session.sent[0].reason, session.caller.principal, session.close_code) == ("token_expired", principal, None)
    assert logged(events, "token.refused")[0]["why"] == "it has expired"


async def test_of_many_tokens_at_once_the_first_and_the_last_count(open_until, monkeypatch):
    monkeypatch.setattr(authentication, "RENEWAL_SECONDS", 1)
    first, last = ana(300), ana(600)
    session, current = open_until(first, first=first, last=last, bad=Unauthenticated(Reason.INVALID, "not signed"))
    for text in ("first", *["bad"] * 100, "last"):
        await current.renew(text)
    assert [each.reason for each in session.sent] == ["token_renewed"]
    await eventually(lambda: session.caller.principal is last)
    await current.renew("bad")
    await eventually(lambda: len(session.sent) == 3)
    assert [each.reason for each in session.sent] == ["token_renewed", "token_renewed", "token_invalid"]


async def test_a_token_of_another_user_ends_the_connection(open_until):
    principal = ana(300)
    session, current = open_until(principal, other=principal._replace(subject="ben"))
    await current.renew("other")
    assert (session.sent[0].code, session.sent[0].reason) == (401, "token_invalid")
    assert session.close_code is close_codes.UNAUTHENTICATED
    assert session.caller.principal == principal


async def test_without_an_end_nothing_ends(open_until):
    session, current = open_until(Principal("ana"))
    await asyncio.sleep(0.1)
    await current.end()
    assert (session.sent, session.close_code) == ([], None)


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_words_and_a_code_after_which_a_client_comes_back(reason):
    failure = failure_of(Unauthenticated(reason, "…"))
    assert (failure.reason, close_code_of(failure).may_reconnect) == (reason, True)
    assert close_code_of(failure).code == (1013 if reason in {Reason.UNAVAILABLE, Reason.CROWDED} else 4401)


async def test_a_connection_ends_with_its_token_and_its_answer_can_be_resumed(start, connect, monkeypatch):
    monkeypatch.setattr(authentication, "LEEWAY_SECONDS", 0.1)
    service = await start(auth_jwt_secret=SECRET, mock_tokens_per_second=20)
    client = await connect(service, headers=bearer(lifetime=1))
    await client.ask("Tell me more", id="q1", stream=True)
    frames = [await client.frame()]
    while frames[-1].get("reason") != "token_expiring":
        frames.append(await client.frame())
    assert frames[-1]["expires_in"] <= 1000
    assert await client.close_code() == 4401
    back = await connect(service, headers=bearer())
    await back.say({"type": "resume", "token": client.greeting["resume_token"], "id": "q1"})
    assert (await back.frames_until_end())[-1]["status"] == "done"


async def test_a_connection_lives_on_with_a_new_token(start, connect, monkeypatch):
    monkeypatch.setattr(authentication, "LEEWAY_SECONDS", 0.1)
    service = await start(auth_jwt_secret=SECRET)
    client = await connect(service, headers=bearer(lifetime=1))
    assert (await client.frame())["reason"] == "token_expiring"
    await client.say({"type": "auth", "token": token()})
    assert (await client.frame())["reason"] == "token_renewed"
    await asyncio.sleep(1.2)
    assert (await client.answer("Still here?"))["status"] == "done"
