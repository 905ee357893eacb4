"""Which recordings are of one utterance."""

import pytest

from service.admission.proxy_headers import ADDRESS
from service.web.request_bodies import BadBody
from service.web.utterances import PATH, utterance_id, utterance_key
from tests.api import speech

GOOD = ["a", "A-z_09", "x" * 64]
BAD = ["", "x" * 65, "a%20b", "a.b", "%C3%A4", "a%0A", "a&utterance=b", "%FF"]


def scope(query="utterance=a", *, path=PATH, address="203.0.113.7", token=b"Bearer x"):
    headers = [(b"authorization", token)]
    return {"type": "http", "path": path, "query_string": query.encode(), "headers": headers, ADDRESS: address}


@pytest.mark.parametrize("id_", GOOD)
def test_a_client_may_name_it(id_):
    assert utterance_id(scope(f"x=1&utterance={id_}")) == id_
    assert utterance_id(scope("x=1")) is None


@pytest.mark.parametrize("id_", BAD)
def test_a_bad_name_is_refused_and_none_for_the_limits(id_):
    with pytest.raises(BadBody, match="1 to 64 of A-Z, a-z, 0-9, _ and -"):
        utterance_id(scope(f"utterance={id_}"))
    assert utterance_key(scope(f"utterance={id_}")) == ""


@pytest.mark.parametrize("id_", BAD)
async def test_a_caller_is_told_of_a_bad_name(with_dify, dify, call, id_):
    status, reply = await call(await with_dify(), "POST", f"{PATH}?utterance={id_}", data=speech())
    assert (status, reply["code"]) == (400, 10000)
    assert reply["message"].startswith("utterance: Expected")
    assert dify.app_api.calls == []


async def test_a_recording_with_a_name_is_written_down(start, call):
    status, reply = await call(await start(), "POST", f"{PATH}?utterance=a-1", data=speech())
    assert (status, "bytes of speech" in reply["data"]["text"]) == (200, True)


def test_each_address_and_each_token_has_utterances_of_its_own_and_only_of_recordings():
    one = utterance_key(scope())
    assert one == utterance_key(scope("utterance=a&x=1"))
    others = [scope("utterance=b"), scope(address="203.0.113.8"), scope(token=b"Bearer y")]
    assert len({one, *map(utterance_key, others)}) == 4
    assert [utterance_key(scope(path="/api/files")), utterance_key(scope(""))] == ["", ""]
    assert len(one) == 32
