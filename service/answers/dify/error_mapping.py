"""Dify's error replies as rows of the table of failures: by status, code, or message. No I/O."""

import re
from typing import Any

import msgspec

from service.answers import failures
from service.answers.base import Failure
from service.result_codes import ResultCode

_BY_DIFY_CODE = {
    "too_many_requests": failures.BUSY,
    "rate_limit_error": failures.QUOTA,
    "provider_quota_exceeded": failures.QUOTA,
    "not_chat_app": failures.MISCONFIGURED,
    "app_unavailable": failures.MISCONFIGURED,
    "provider_not_initialize": failures.MISCONFIGURED,
    "model_currently_not_support": failures.MISCONFIGURED,
    "not_found": failures.CONVERSATION_NOT_FOUND,
    "speech_to_text_disabled": failures.FEATURE_OFF,
    "file_too_large": failures.TOO_LARGE,
    "audio_too_large": failures.TOO_LARGE,
    "unsupported_file_type": failures.UNSUPPORTED_TYPE,
    "unsupported_audio_type": failures.UNSUPPORTED_AUDIO,
    "human_input_form_submitted": failures.FORM_SUBMITTED,
    "human_input_form_expired": failures.FORM_EXPIRED,
    "human_input_form_not_found": failures.FORM_NOT_FOUND,
}
_BY_STATUS = {
    400: failures.INVALID,
    401: failures.UNAUTHORIZED,
    403: failures.SWITCHED_OFF,
    413: failures.INVALID,
    415: failures.INVALID,
    429: failures.BUSY,
}
_GATEWAY_STATUSES = {502, 503, 504}
# What Dify 1.14 says where a chatflow's worker refuses a question: HTTP 200, and an error event without a code. The
# words are of its base_app_generator.py and file_factory.
_INVALID_QUESTION = re.compile(
    r"is required in input form|in input form must be|Invalid input type|expected value type"
    r"|query (is required|must be a string)|transfer_method is required|Invalid file transfer method"
    r"|No matching enum found|File validation failed|Number of (image )?files exceeds|Invalid upload file"
    r"|Invalid file url|[Ff]ile type does not match|ToolFile .*not found|is not a valid FileType",
)
_MISSING_CONVERSATION = re.compile(r"Conversation (Not Exists|not found)", re.IGNORECASE)
# Dify 1.12 has the same few codes for all of these; messages of other codes may quote a model.
_AMBIGUOUS_CODES = {"invalid_param", "bad_request", "not_found"}
_BY_MESSAGE = {
    "Too many requests": failures.BUSY,
    "not published": failures.MISCONFIGURED,
    "does not exist": failures.MISCONFIGURED,
    "TTS is not enabled": failures.FEATURE_OFF,
    "Speech to text is not enabled": failures.FEATURE_OFF,
    "Suggested Questions Is Disabled": failures.FEATURE_OFF,
    "Message Not Exists": failures.MESSAGE_NOT_FOUND,
    "Form not found": failures.FORM_NOT_FOUND,
    "Workflow run not found": failures.RUN_NOT_FOUND,
}
_BY_STATUS_WITHOUT_JSON: dict[int, Failure] = {
    ResultCode.TOO_MANY_REQUESTS: failures.BUSY,
    ResultCode.TOO_LARGE: failures.TOO_LARGE,
}  # replies of a proxy

MAX_MESSAGE_CHARACTERS = 1000
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class FailureDetails(msgspec.Struct, frozen=True):
    """What is known of a failure besides its row: `what` in our words, the rest in Dify's.

    `message` may quote what people wrote. `is_refusal`: an error event of status 500 before the run, without a code.
    """

    what: str | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None
    is_refusal: bool = False


class _Refusal(msgspec.Struct):
    code: str = ""
    message: str = ""


def details_of_reply(status: int, body: bytes) -> FailureDetails:
    try:
        code = msgspec.json.decode(body, type=_Refusal).code
    except msgspec.DecodeError:
        code = None
    message = body[:MAX_MESSAGE_CHARACTERS].decode(errors="replace")
    return FailureDetails(None, status, plain_code(code), message or None)


def plain_code(code: Any) -> str | None:
    """None for what cannot be a code of Dify's."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def failure_of_reply(status: int, body: bytes) -> Failure:
    """Of a reply with another status or content type than wanted; `body` may be truncated."""
    if status in _GATEWAY_STATUSES and not _is_dify(body):
        return failures.BAD_GATEWAY
    if status >= ResultCode.SERVER_ERROR:
        return failures.SERVER_ERROR
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _BY_STATUS_WITHOUT_JSON.get(status, failures.NOT_DIFY)
    return _of_refusal(status, refusal)


def failure_of_event(details: FailureDetails) -> Failure:
    """Of an answer that failed by what its events say."""
    message = details.message or ""
    if not details.is_refusal:
        return failures.FAILED
    if _INVALID_QUESTION.search(message):
        return failures.INVALID
    if _MISSING_CONVERSATION.search(message):
        return failures.CONVERSATION_NOT_FOUND
    return failures.SERVER_ERROR


def _is_dify(body: bytes) -> bool:
    """Its error replies have a code, unlike those of proxies."""
    try:
        return bool(msgspec.json.decode(body, type=_Refusal).code)
    except msgspec.DecodeError:
        return False


def _of_refusal(status: int, refusal: _Refusal) -> Failure:
    for words, failure in _BY_MESSAGE.items():
        if words in refusal.message and refusal.code in _AMBIGUOUS_CODES:
            return failure
    return _BY_DIFY_CODE.get(refusal.code) or _BY_STATUS.get(status, failures.NOT_DIFY)
