"""What does not fit the app is told without asking Dify, over real sockets."""

import asyncio

import pytest

from tests import fake_dify
from tests.conftest import eventually, logged

UPLOAD = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"
NAME = {"text-input": {"variable": "name", "label": "Name", "required": True, "max_length": 48, "default": ""}}
CONSENT = {"checkbox": {"variable": "consent", "label": "I agree", "required": True, "default": None}}
UPLOADS = {"enabled": True, "number_limits": 1, "allowed_file_types": ["image"], "allowed_file_upload_methods": []}


@pytest.fixture
def no_rest(monkeypatch):
    """The parameters may be read anew at any time."""
    monkeypatch.setattr("service.answers.dify.app_api.RETRY_SECONDS", 0)


MISFITS = [
    ({}, [], "name", '"Name" (name) is required.'),
    ({"name": "x" * 49, "consent": True}, [], "name", '"Name" (name) may have 48 characters, and has 49.'),
    ({"name": "Ann"}, [], "consent", '"I agree" (consent) is required.'),
    (
        {"name": "Ann", "consent": True},
        [{"type": "audio", "transfer_method": "local_file", "upload_file_id": UPLOAD}],
        "files",
        "The question's files do not fit: files of type audio are not allowed, but image.",
    ),
]


@pytest.mark.parametrize(("inputs", "files", "field", "words"), MISFITS)
@pytest.mark.parametrize("conversation", [None, UPLOAD])
async def test_what_does_not_fit_is_an_error_that_names_it(
    with_dify, dify, connect, events, inputs, files, field, words, conversation
):
    dify.parameters |= {"user_input_form": [NAME, CONSENT], "file_upload": UPLOADS}
    client = await connect(await with_dify(dify_breaker_failures=1))
    fields = {"inputs": inputs, "files": files, "conversation_id": conversation}
    for number in range(3):
        error = await client.answer("Hello", id=f"q{number}", **fields)
        assert error == {
            "type": "error", "content": words, "code": 10000, "id": f"q{number}",
            "reason": "invalid_inputs", "field": field,
        }  # fmt: skip
    assert (dify.questions, logged(events, "answer.degraded"), logged(events, "circuit.opened")) == ([], [], [])
    assert [event["field"] for event in logged(events, "question.unfit")] == [field] * 3


@pytest.mark.parametrize("conversation", ["c-1", "x" * 64])
async def test_a_conversation_that_dify_cannot_have_is_over(with_dify, dify, connect, conversation):
    client = await connect(await with_dify())
    error = await client.answer("Hello", conversation_id=conversation)
    assert (error["reason"], dify.questions) == ("conversation_not_found", [])


async def test_files_of_a_question_are_reduced_to_what_dify_documents(with_dify, dify, connect):
    dify.parameters |= {"file_upload": UPLOADS}
    client = await connect(await with_dify())
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": UPLOAD}
    await client.answer(
        "Hello", files=[file | {"remote_url": "http://127.0.0.1"}], inputs={"constructor": [file | {"x": 1}]}
    )
    assert (dify.questions[0]["files"], dify.questions[0]["inputs"]) == ([file], {"constructor": [file]})
    error = await client.answer(
        "Hello", files=[{"type": "image", "transfer_method": "tool_file", "tool_file_id": UPLOAD}]
    )
    assert (error["reason"], error["field"], len(dify.questions)) == ("invalid_inputs", "files", 1)


async def test_deep_or_large_inputs_reach_nobody(with_dify, dify, connect, events):
    client = await connect(await with_dify(dify_breaker_failures=1))
    deep = "x"
    for _ in range(400):
        deep = [deep]
    for inputs in ({"a": deep}, {"a": "x" * 100_000}, {"a": [{}] * 40_000}):
        for _ in range(5):
            error = await client.answer("Hello", id="q1", inputs=inputs)
            assert (error["type"], error["reason"], error["id"]) == ("error", "bad_frame", "q1")
    assert (await client.answer("Hello"))["source"] == "dify"
    assert (len(dify.questions), logged(events, "circuit.opened")) == (1, [])


async def test_what_fits_is_asked_as_it_came(with_dify, dify, connect):
    dify.parameters |= {"user_input_form": [NAME, CONSENT]}
    client = await connect(await with_dify())
    inputs = {"name": "Ann", "consent": False, "other": [5]}
    assert (await client.answer("Hello", inputs=inputs))["status"] == "done"
    assert dify.questions[0]["inputs"] == inputs


async def test_a_hidden_default_is_not_missing(with_dify, dify, connect):
    hidden = {"text-input": {"variable": "ward", "required": True, "hide": True, "default": "7"}}
    dify.parameters |= {"user_input_form": [hidden]}
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["status"] == "done"
    assert dify.questions[0]["inputs"] == {"ward": "7"}


async def test_before_a_refusal_the_parameters_are_read_anew(with_dify, dify, connect, events, no_rest):
    dify.parameters |= {"user_input_form": [NAME]}
    client = await connect(await with_dify())
    await eventually(lambda: logged(events, "dify.ready"))
    dify.parameters |= {"user_input_form": []}
    assert (await client.answer("Hello"))["status"] == "done"
    assert dify.told_parameters == 2


async def test_many_refusals_cost_dify_one_request(with_dify, dify, connect):
    dify.parameters |= {"user_input_form": [NAME]}
    client = await connect(await with_dify())
    for _ in range(10):
        assert (await client.answer("Hello"))["reason"] == "invalid_inputs"
    assert (dify.told_parameters, dify.questions) == (1, [])


async def test_while_the_parameters_fit_nothing_is_read_for_a_question(with_dify, dify, connect, events, no_rest):
    client = await connect(await with_dify())
    await eventually(lambda: logged(events, "dify.ready"))
    for _ in range(5):
        await client.answer("Hello")
    assert dify.told_parameters == 1


async def test_where_they_are_not_to_be_had_the_question_is_sent(with_dify, dify, connect):
    dify.parameters |= {"user_input_form": [NAME]}
    dify.info = fake_dify.raw(b"", 500)
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["source"] == "dify"


async def test_where_they_cannot_be_read_anew_the_question_is_sent(with_dify, dify, connect, events, no_rest):
    dify.parameters |= {"user_input_form": [NAME]}
    client = await connect(await with_dify())
    await eventually(lambda: logged(events, "dify.ready"))
    dify.info = fake_dify.raw(b"", 500)
    assert (await client.answer("Hello"))["source"] == "dify"


async def test_where_dify_does_not_tell_them_in_time_the_question_is_sent(with_dify, dify, connect, monkeypatch):
    monkeypatch.setattr("service.answers.dify.question_check.PATIENCE_SECONDS", 0.05)
    dify.parameters |= {"user_input_form": [NAME]}
    dify.info = fake_dify.think_until(dify.released, fake_dify.raw(b"", 500))
    client = await connect(await with_dify())
    assert (await client.answer("Hello"))["source"] == "dify"
    dify.released.set()


async def test_a_question_that_is_stopped_before_they_are_known_is_not_asked(with_dify, dify, connect, events):
    release = asyncio.Event()
    dify.info = fake_dify.think_until(release, fake_dify.raw(b"{}", content_type="application/json"))
    service = await with_dify()
    client = await connect(service)
    await client.ask("Hello")
    await client.say({"type": "stop"})
    assert (await client.frame())["status"] == "stopped"
    release.set()
    await eventually(lambda: logged(events, "dify.ready"))
    await service.stop()
    assert dify.questions == []
