"""The check that every request to the fake Dify passes can fail."""

import re

import pytest

from tests.dify_requests import trouble_with

ID = "96fc2a13-4564-436c-a852-ede12dce3d16"
QUESTION = {"query": "Hi", "inputs": {}, "user": "u", "response_mode": "streaming"}
JSON = "application/json"
NONE = "application/octet-stream"


@pytest.mark.parametrize(
    ("method", "path", "content_type", "query", "body"),
    [
        ("POST", "/v1/chat-messages", JSON, {}, QUESTION),
        ("GET", f"/v1/messages/{ID}/suggested", NONE, {"user": "u"}, {}),
        ("POST", f"/v1/messages/{ID}/feedbacks", JSON, {}, {"rating": None, "user": "u"}),
        ("GET", "/v1/info", NONE, {}, {}),
        ("GET", "/v1/messages", NONE, {"conversation_id": ID, "user": "u", "limit": "1"}, {}),
        ("GET", f"/v1/workflow/{ID}/events", NONE, {"user": "u"}, {}),
        ("GET", "/v1/form/human_input/t0", NONE, {}, {}),
        ("POST", "/v1/form/human_input/t0", JSON, {}, {"inputs": {}, "action": "approve", "user": "u"}),
    ],
)
def test_a_good_request_passes(method, path, content_type, query, body):
    assert trouble_with(method, path, content_type, query, body) is None


@pytest.mark.parametrize(
    ("method", "path", "content_type", "query", "body", "words"),
    [
        ("POST", "/v1/chat-messages", JSON, {}, QUESTION | {"query": ""}, "too short|non-empty"),
        ("POST", "/v1/chat-messages", JSON, {}, QUESTION | {"response_mode": "blocking"}, "streaming"),
        ("POST", "/v1/chat-messages", JSON, {}, QUESTION | {"colour": "red"}, "colour"),
        ("POST", "/v1/chat-messages", JSON, {"x": "1"}, QUESTION, "expected to be empty"),
        ("POST", "/v1/chat-messages", "text/plain", {}, QUESTION, "sent as text/plain"),
        ("POST", "/v1/chat-messages", JSON, {}, QUESTION | {"files": [{"type": "image"}]}, "transfer_method"),
        ("GET", f"/v1/messages/{ID}/suggested", NONE, {}, {}, "'user' is a required"),
        ("POST", f"/v1/messages/{ID}/feedbacks", JSON, {}, {"rating": "meh", "user": "u"}, "meh"),
        ("POST", "/v1/messages/../feedbacks", JSON, {}, {"rating": "like", "user": "u"}, "no such route"),
        ("POST", "/v1/text-to-audio", JSON, {}, {"user": "u"}, "not valid"),
        ("POST", "/v1/files/upload", "multipart/form-data", {}, {"user": "u"}, "'file' is a required"),
        ("GET", "/v1/messages", NONE, {"user": "u"}, {}, "'conversation_id' is a required"),
        ("GET", f"/v1/workflow/{ID}/events", NONE, {"user": "u", "continue_on_pause": "true"}, {}, "'false'"),
        ("POST", "/v1/form/human_input/t0", JSON, {}, {"inputs": {}, "user": "u"}, "'action' is a required"),
        ("GET", "/v1/nothing", NONE, {}, {}, "no such route"),
    ],
)
def test_a_wrong_request_is_found(method, path, content_type, query, body, words):

    assert re.search(words, trouble_with(method, path, content_type, query, body))


async def test_the_fake_dify_looks_at_what_it_is_sent(dify, http):
    async with http.get(f"{dify.url}/info?user=u"):
        pass
    assert len(dify.inspector.troubles) == 1
    dify.inspector.troubles.clear()
