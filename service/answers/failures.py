"""Every way in which Dify fails, as a table: what is tried again, what the client is told, what the breaker counts.

Source of the facts: Dify, api-reference: chat-messages, errors; recordings of Dify 1.12.1. No I/O.
"""

import re
from typing import Any

import msgspec

from service.answers.base import Failure
from service.codes import Code

_LATER = "The assistant cannot be reached at the moment. Please try again later."
_BUSY = "The assistant is busy at the moment. Please try again in a minute."
_SET_UP = "The assistant is not set up correctly. Please tell the people who run it."
_UNFIT = "The assistant cannot take this as it is."
_BROKE_OFF = "The answer broke off."

# No way to Dify.
NAME_NOT_FOUND = Failure(
    "name_not_found", Code.UNAVAILABLE, _LATER, "no address for Dify's host name", is_retried=True, is_counted=True
)
UNREACHABLE = Failure(
    "unreachable",
    Code.UNAVAILABLE,
    _LATER,
    "connection refused, or no way to the host",
    is_retried=True,
    is_counted=True,
)
TLS_ERROR = Failure("tls_error", Code.UNAVAILABLE, _LATER, "the certificate is not trusted, or no TLS", is_counted=True)
CONNECT_TIMEOUT = Failure(
    "connect_timeout", Code.GATEWAY_TIMEOUT, _LATER, "no connection within DIFY_CONNECT_TIMEOUT",
    is_retried=True, is_counted=True,
)  # fmt: skip
LOST = Failure(
    "lost", Code.UNAVAILABLE, _LATER, "the connection ended before the first event", is_retried=True, is_counted=True
)

SILENT = Failure("silent", Code.GATEWAY_TIMEOUT, _LATER, "connected, but no reply in time", is_counted=True)

# Dify, or something on the way to it, refused.
BAD_GATEWAY = Failure("bad_gateway", Code.UNAVAILABLE, _LATER, "HTTP 502, 503 or 504", is_retried=True, is_counted=True)
SERVER_ERROR = Failure("server_error", Code.THIRD_PARTY_ERROR, _LATER, "HTTP 500 and above", is_counted=True)
NOT_DIFY = Failure(
    "not_dify",
    Code.THIRD_PARTY_ERROR,
    _SET_UP,
    "an HTML page, a redirect, or anything else than events: a wrong address",
)
UNAUTHORIZED = Failure("unauthorized", Code.UNAUTHORIZED, _SET_UP, "HTTP 401: DIFY_API_KEY is wrong")
SWITCHED_OFF = Failure("switched_off", Code.UNAVAILABLE, _SET_UP, "HTTP 403: the app's API is switched off")
CONVERSATION_NOT_FOUND = Failure(
    "conversation_not_found", Code.NOT_FOUND, "This conversation is over. Please start a new one.",
    "HTTP 404 not_found: no such conversation, or another user's", is_callers=True,
)  # fmt: skip
BUSY = Failure("busy", Code.UNAVAILABLE, _BUSY, "too_many_requests: Dify's limit of answers at once", is_retried=True)
QUOTA = Failure("quota", Code.UNAVAILABLE, _BUSY, "rate_limit_error, provider_quota_exceeded")
MISCONFIGURED = Failure(
    "misconfigured", Code.THIRD_PARTY_ERROR, _SET_UP,
    "not_chat_app, app_unavailable, provider_not_initialize, model_currently_not_support, not published",
)  # fmt: skip
INVALID = Failure(
    "invalid", Code.THIRD_PARTY_ERROR, _UNFIT, "HTTP 400, 413 or 415: an input is missing or unfit", is_callers=True
)

# Around the chat: what Dify refuses, or would refuse.
FEATURE_OFF = Failure(
    "feature_off", Code.BUSINESS_ERROR, "The assistant does not offer this.",
    "suggested questions, speech or uploads are switched off in the app", is_callers=True,
)  # fmt: skip
MESSAGE_NOT_FOUND = Failure(
    "message_not_found", Code.NOT_FOUND, "This answer is not known any more.",
    "HTTP 404 not_found: no such message, or another user's", is_callers=True,
)  # fmt: skip
TOO_LARGE = Failure(
    "too_large", Code.TOO_LARGE, "This file is too large.", "a file above Dify's limit for its kind, or HTTP 413",
    is_callers=True,
)  # fmt: skip
UNSUPPORTED_TYPE = Failure(
    "unsupported_type", Code.UNSUPPORTED_MEDIA_TYPE, "Files of this type are not accepted.",
    "a kind of file that the app does not take, or unsupported_file_type", is_callers=True,
)  # fmt: skip
UNSUPPORTED_AUDIO = Failure(
    "unsupported_audio", Code.UNSUPPORTED_MEDIA_TYPE,
    "This recording is of a type that cannot be understood: record WAV, or send MP3, M4A or AMR.",
    "audio that Dify does not take, WebM and Ogg for instance, or unsupported_audio_type", is_callers=True,
)  # fmt: skip

# While Dify answered.
FIRST_EVENT_TIMEOUT = Failure(
    "first_event_timeout", Code.GATEWAY_TIMEOUT, _LATER, "no event within DIFY_FIRST_EVENT_TIMEOUT", is_counted=True
)
STALLED = Failure("stalled", Code.GATEWAY_TIMEOUT, _BROKE_OFF, "silent for DIFY_IDLE_TIMEOUT", is_counted=True)
TOTAL_TIMEOUT = Failure("total_timeout", Code.GATEWAY_TIMEOUT, _BROKE_OFF, "longer than DIFY_TOTAL_TIMEOUT")
FAILED = Failure("failed", Code.THIRD_PARTY_ERROR, _BROKE_OFF, "an error event, or a workflow that failed")
BROKEN_OFF = Failure(
    "broken_off", Code.THIRD_PARTY_ERROR, _BROKE_OFF, "the stream ended without an end", is_counted=True
)
EVENT_TOO_LARGE = Failure("event_too_large", Code.THIRD_PARTY_ERROR, _BROKE_OFF, "one event of more than 1 MiB")

# Dify was not asked.
OVERLOADED = Failure("overloaded", Code.UNAVAILABLE, _BUSY, "DIFY_MAX_WAITING questions wait already")
WAITED_TOO_LONG = Failure("waited_too_long", Code.UNAVAILABLE, _BUSY, "no place within DIFY_WAIT_TIMEOUT")
CIRCUIT_OPEN = Failure("circuit_open", Code.UNAVAILABLE, _LATER, "Dify failed often and is left alone for a while")

ALL = [value for value in list(globals().values()) if isinstance(value, Failure)]

_BY_DIFY_CODE = {
    "too_many_requests": BUSY,
    "rate_limit_error": QUOTA,
    "provider_quota_exceeded": QUOTA,
    "not_chat_app": MISCONFIGURED,
    "app_unavailable": MISCONFIGURED,
    "provider_not_initialize": MISCONFIGURED,
    "model_currently_not_support": MISCONFIGURED,
    "not_found": CONVERSATION_NOT_FOUND,
    "speech_to_text_disabled": FEATURE_OFF,
    "file_too_large": TOO_LARGE,
    "audio_too_large": TOO_LARGE,
    "unsupported_file_type": UNSUPPORTED_TYPE,
    "unsupported_audio_type": UNSUPPORTED_AUDIO,
}
_BY_STATUS = {400: INVALID, 401: UNAUTHORIZED, 403: SWITCHED_OFF, 413: INVALID, 415: INVALID, 429: BUSY}
_GATEWAY_STATUSES = {502, 503, 504}
# Dify 1.12 says all of these by the same few codes: only the words tell. Other codes quote a model, which may say
# anything.
_CODES_WITH_WORDS = {"invalid_param", "bad_request", "not_found"}
_BY_WORDS = {
    "Too many requests": BUSY,
    "not published": MISCONFIGURED,
    "does not exist": MISCONFIGURED,
    "TTS is not enabled": FEATURE_OFF,
    "Speech to text is not enabled": FEATURE_OFF,
    "Suggested Questions Is Disabled": FEATURE_OFF,
    "Message Not Exists": MESSAGE_NOT_FOUND,
}
_WITHOUT_WORDS: dict[int, Failure] = {Code.TOO_MANY_REQUESTS: BUSY, Code.TOO_LARGE: TOO_LARGE}  # a proxy before Dify


_MAX_WORDS = 1000
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Trouble(msgspec.Struct, frozen=True):
    """What is known of a failure besides its row. `what` is in our words; `status` and `code` are Dify's.

    `words` are Dify's, too, and may quote what people wrote.
    """

    what: str | None = None
    status: int | None = None
    code: str | None = None
    words: str | None = None


class _Refusal(msgspec.Struct):
    code: str = ""
    message: str = ""


def trouble_of_reply(status: int, body: bytes) -> Trouble:
    try:
        code = msgspec.json.decode(body, type=_Refusal).code
    except msgspec.DecodeError:
        code = None
    return Trouble(None, status, plain_code(code), body[:_MAX_WORDS].decode(errors="replace") or None)


def plain_code(code: Any) -> str | None:
    """A code of Dify's; None for what cannot be one."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def of_reply(status: int, body: bytes) -> Failure:
    """What a reply means that is no event stream, by its status and its first bytes."""
    if status in _GATEWAY_STATUSES:
        return BAD_GATEWAY
    if status >= Code.SERVER_ERROR:
        return SERVER_ERROR
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return _WITHOUT_WORDS.get(status, NOT_DIFY)
    return _of_refusal(status, refusal)


def _of_refusal(status: int, refusal: _Refusal) -> Failure:
    for words, failure in _BY_WORDS.items():
        if words in refusal.message and refusal.code in _CODES_WITH_WORDS:
            return failure
    return _BY_DIFY_CODE.get(refusal.code) or _BY_STATUS.get(status, NOT_DIFY)
