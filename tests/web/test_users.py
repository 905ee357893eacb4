"""Whose a request to /api is."""

import pytest

from service.chat.client_identity import owner_of
from service.web.users import Users
from tests.api import HEADERS, MESSAGE, TOKEN, form
from tests.fake_app_api import parameters
from tests.tokens import SECRET, bearer
from tests.uploads import ALL_KINDS
from tests.web.test_api import EVERY_ROUTE

ALL = [("GET", "/api/app"), *EVERY_ROUTE]


@pytest.fixture
async def service(with_dify):
    return await with_dify(auth_jwt_secret=SECRET)


@pytest.mark.parametrize(("method", "path"), ALL)
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "token_missing"),
        ({"Authorization": "Basic bWU6c2VjcmV0"}, "token_missing"),
        (HEADERS, "token_invalid"),  # a resume token is no user's
        (bearer(lifetime=-60), "token_expired"),
    ],
)
async def test_without_a_valid_token_nothing_is_served(service, http, dify, method, path, headers, reason):
    async with http.request(method, service.url + path, headers=headers) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert (await response.json())["data"] == {"reason": reason}
    assert dify.app_api.calls == []


async def test_the_token_s_subject_is_dify_s_user(service, call, dify):
    dify.app_api.owners[MESSAGE] = "ana"
    path = f"/api/messages/{MESSAGE}/suggested"
    assert (await call(service, "GET", path, None, headers=bearer("ana")))[0] == 200
    assert (await call(service, "GET", path, None, headers=bearer("ben")))[0] == 404
    assert [each["user"] for each in dify.app_api.called("suggested")] == ["ana", "ben"]
    assert (await call(service, "GET", "/api/app", None, headers=bearer()))[0] == 200


async def test_a_person_is_not_asked_for_inputs_that_their_token_sets(service, call, dify):
    ward, topic = ({"text-input": {"variable": name, "label": name}} for name in ("ward", "topic"))
    dify.parameters = parameters(user_input_form=[ward, topic])
    headers = bearer(dify_live={"inputs": {"ward": "7"}})
    assert (await call(service, "GET", "/api/app", None, headers=headers))[1]["data"]["inputs"] == [topic]
    assert (await call(service, "GET", "/api/app", None, headers=bearer()))[1]["data"]["inputs"] == [ward, topic]


async def test_an_address_carries_no_token(service, call):
    token = bearer()["Authorization"].removeprefix("Bearer ")
    assert (await call(service, "GET", f"/api/app?token={token}&access_token={token}", None))[0] == 401


async def test_a_proxy_s_word_is_enough(with_dify, call, dify):
    service = await with_dify(auth_header="X-Forwarded-User", auth_proxy_ips=("127.0.0.0/8",))
    dify.app_api.owners[MESSAGE] = "ana"
    path = f"/api/messages/{MESSAGE}/suggested"
    assert (await call(service, "GET", path, TOKEN, headers={"X-Forwarded-User": "ana"}))[0] == 200
    status, reply = await call(service, "GET", path, TOKEN)
    assert (status, reply["data"]) == (401, {"reason": "token_missing"})


async def test_while_keys_are_not_to_be_had_it_is_not_the_token_s_fault(start, call, unused_tcp_port):
    service = await start(auth_jwks_url=f"http://127.0.0.1:{unused_tcp_port}/", auth_jwt_audience="chat")
    headers = {"Authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA"}
    status, reply = await call(service, "GET", "/api/app", None, headers=headers)
    assert (status, reply["data"]) == (503, {"reason": "auth_unavailable"})


async def test_a_page_of_another_origin_may_read_why(start, http):
    service = await start(auth_jwt_secret=SECRET, allowed_origins=("https://shop.example",))
    headers = {"Origin": "https://shop.example"}
    async with http.get(f"{service.url}/api/app", headers=headers) as response:
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    async with http.options(f"{service.url}/api/app", headers=headers | asked) as response:
        assert response.status == 200


async def test_a_file_is_uploaded_by_its_user(service, call, dify):
    dify.parameters = parameters(file_upload=ALL_KINDS)
    status, _ = await call(service, "POST", "/api/files", None, headers=bearer("ben"), data=form())
    assert (status, dify.app_api.called("files/upload")[0]["user"]) == (200, "ben")


async def test_without_settings_the_holder_of_a_resume_token_is_the_user(start, call):
    service = await start()
    assert (await call(service, "GET", "/api/app", None))[0] == 200
    assert (await call(service, "GET", f"/api/messages/{MESSAGE}/suggested", TOKEN))[0] == 200
    request = type("Request", (), {"headers": {"authorization": f"Bearer {TOKEN}"}})
    assert await Users(None).user_of(request) == owner_of(TOKEN).user
