"""What a refusal of Dify's means, and what is known of it."""

import json

import pytest

from service.answers.dify.error_mapping import (
    FailureDetails,
    details_of_reply,
    failure_of_event,
    failure_of_reply,
    plain_code,
)
from tests import recordings


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("3e_401_wrong_key", "unauthorized"),
        ("3e_404_path", "not_dify"),
        ("3e_429_too_many_streaming", "busy"),
        ("3e_api_disabled_streaming", "switched_off"),
        ("3e_cid_not_uuid", "invalid"),
        ("3e_cid_unknown_uuid", "conversation_not_found"),
        ("3e_completion_on_chat_app", "misconfigured"),
        ("3e_form_missing_streaming", "invalid"),
        ("3e_noprovider_streaming", "misconfigured"),
        ("3e_unpublished_streaming", "misconfigured"),
        ("3e_workflow_app_on_chat_streaming", "misconfigured"),
        ("1s_tts_autoplay_basic_nomodel", "server_error"),
        ("5_feedback_unknown", "message_not_found"),
        ("5_suggested_disabled", "feature_off"),
        ("5_suggested_unknown", "message_not_found"),
        ("6_stt_chat-basic", "feature_off"),
        ("6_stt_chat-speech-on", "misconfigured"),
        ("6_tts_chat-basic", "feature_off"),
        ("6x_stt_type_webm", "unsupported_audio"),
        ("1.14/9_hitl_5_form_again", "form_submitted"),
    ],
)
def test_recorded_refusals_have_their_row(name, reason):
    recording = recordings.load(name)
    assert failure_of_reply(recording.status, recording.body).reason == reason


def refusal(code="", message=""):
    return json.dumps({"code": code, "message": message}).encode()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, refusal("provider_not_initialize"), "misconfigured"),
        (400, refusal("model_currently_not_support"), "misconfigured"),
        (400, refusal("provider_quota_exceeded", "x" * 5000), "quota"),
        (412, refusal("human_input_form_expired"), "form_expired"),
        (404, refusal("human_input_form_not_found"), "form_not_found"),
        (404, refusal("not_found", "Form not found"), "form_not_found"),
        (404, refusal("not_found", "Workflow run not found"), "run_not_found"),
        (400, refusal("invalid_form_data", "Missing required inputs: a"), "invalid"),
        (429, refusal("rate_limit_error"), "quota"),
        (429, refusal("too_many_requests"), "busy"),
        (429, b'{"message":"API rate limit exceeded"}', "busy"),
        (413, refusal("invalid_param"), "invalid"),
        (413, refusal("file_too_large"), "too_large"),
        (413, refusal("audio_too_large"), "too_large"),
        (415, refusal("unsupported_file_type"), "unsupported_type"),
        (400, refusal("speech_to_text_disabled"), "feature_off"),
        (418, b"{}", "not_dify"),
        (400, refusal("bad_request", "Workflow not published"), "misconfigured"),
        (400, refusal("completion_request_error", "Workflow not published"), "invalid"),
        (413, b"<html>Too large</html>", "too_large"),
        (429, b"<html>slow down</html>", "busy"),
        (302, b"", "not_dify"),
        (200, b"<html>Please log in</html>", "not_dify"),
        (499, b"", "not_dify"),
        (500, b"", "server_error"),
        (501, refusal("too_many_requests"), "server_error"),
        (502, b"<html>Bad gateway</html>", "bad_gateway"),
        (503, b"", "bad_gateway"),
        (504, b"<html>Gateway time-out</html>", "bad_gateway"),
        (504, refusal("not_found"), "server_error"),
    ],
)
def test_status_code_and_words_decide(status, body, reason):
    assert failure_of_reply(status, body).reason == reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("name is required in input form", "invalid"),
        ("age in input form must be less than 3 characters", "invalid"),
        ("(type 'number') color in input form must be one of the following", "invalid"),
        ("Invalid upload file", "invalid"),
        ("Number of files exceeds the maximum limit 3", "invalid"),
        ("Conversation Not Exists.", "conversation_not_found"),
        ("[Errno 111] Connection refused", "server_error"),
        (None, "server_error"),
    ],
)
def test_a_refusal_among_the_events_is_told_by_its_words(message, reason):
    assert failure_of_event(FailureDetails(message=message, is_refusal=True)).reason == reason
    assert failure_of_event(FailureDetails(message=message)).reason == "failed"


def test_the_details_of_a_reply_are_its_status_its_code_and_the_first_of_its_words():
    body = refusal("invalid_param", "x" * 2000)
    assert details_of_reply(400, body) == FailureDetails(None, 400, "invalid_param", body.decode()[:1000])
    assert details_of_reply(502, b"<html>\xff") == FailureDetails(None, 502, None, "<html>\ufffd")
    assert details_of_reply(503, b"") == FailureDetails(None, 503)


@pytest.mark.parametrize(
    ("code", "plain"),
    [("invalid_param", "invalid_param"), ("a.b-c_9", "a.b-c_9"), ("x" * 64, "x" * 64), ("x" * 65, None), ("", None),
     ("Ann said so", None), (5, None), (None, None), (["invalid_param"], None)],
)  # fmt: skip
def test_what_cannot_be_a_code_is_none(code, plain):
    assert plain_code(code) == plain
