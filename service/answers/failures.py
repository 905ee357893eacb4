"""The table of failures: what the client is told, which are retried, which trip the circuit breaker. No I/O."""

from functools import partial

from service.answers.base import Failure
from service.result_codes import ResultCode

_LATER = "The assistant cannot be reached at the moment. Please try again later."
_BUSY = "The assistant is busy at the moment. Please try again in a minute."
_SET_UP = "The assistant is not set up correctly. Please tell the people who run it."
_UNFIT = "The assistant cannot take this as it is."
_BROKE_OFF = "The answer broke off."

_SOON_SECONDS = 20  # as long as the circuit breaker rests by default
_BUSY_SECONDS = 60

_transient = partial(Failure, is_retryable=True, trips_breaker=True, again_after=_SOON_SECONDS)
_outage = partial(Failure, trips_breaker=True, again_after=_SOON_SECONDS)
_busy = partial(Failure, again_after=_BUSY_SECONDS)
_client_error = partial(Failure, is_client_error=True)

# Dify cannot be reached.
NAME_NOT_FOUND = _transient("name_not_found", ResultCode.UNAVAILABLE, _LATER, "no address for Dify's host name")
UNREACHABLE = _transient("unreachable", ResultCode.UNAVAILABLE, _LATER, "connection refused, or no way to the host")
TLS_ERROR = _outage(
    "tls_error", ResultCode.UNAVAILABLE, _LATER, "the certificate is not trusted, or no TLS", again_after=None
)
CONNECT_TIMEOUT = _transient(
    "connect_timeout", ResultCode.GATEWAY_TIMEOUT, _LATER, "no connection within DIFY_CONNECT_TIMEOUT"
)
LOST = _transient(
    "lost",
    ResultCode.UNAVAILABLE,
    _LATER,
    "the connection ended before any reply; around the chat, also a reply that cannot be read",
    may_be_question=True,
    may_be_input=True,
)
UNREADABLE = _outage(
    "unreadable",
    ResultCode.THIRD_PARTY_ERROR,
    _LATER,
    "a reply to a question came that cannot be read",
    may_be_question=True,
    may_be_input=True,
)
SILENT = _outage(
    "silent",
    ResultCode.GATEWAY_TIMEOUT,
    _LATER,
    "connected, but no reply in time; or pings only, and no answer went on, for DIFY_SILENCE_TIMEOUT",
    may_be_question=True,
)

# Dify, or a proxy, refused.
BAD_GATEWAY = _transient(
    "bad_gateway",
    ResultCode.UNAVAILABLE,
    _LATER,
    "HTTP 502, 503 or 504, without a code of Dify's",
    may_be_question=True,
)
SERVER_ERROR = _outage(
    "server_error",
    ResultCode.THIRD_PARTY_ERROR,
    _LATER,
    "HTTP 500 and above, or such an error event before the run",
    may_be_question=True,
    may_be_input=True,
)
NOT_DIFY = Failure(
    "not_dify",
    ResultCode.THIRD_PARTY_ERROR,
    _SET_UP,
    "an HTML page, a redirect, or anything else than events: a wrong address",
)
UNAUTHORIZED = Failure("unauthorized", ResultCode.UNAUTHORIZED, _SET_UP, "HTTP 401: DIFY_API_KEY is wrong")
SWITCHED_OFF = Failure("switched_off", ResultCode.UNAVAILABLE, _SET_UP, "HTTP 403: the app's API is switched off")
CONVERSATION_NOT_FOUND = _client_error(
    "conversation_not_found",
    ResultCode.NOT_FOUND,
    "This conversation is over. Please start a new one.",
    "HTTP 404 not_found: no such conversation, or another user's",
)
BUSY = _busy(
    "busy", ResultCode.UNAVAILABLE, _BUSY, "too_many_requests: Dify's limit of answers at once", is_retryable=True
)
QUOTA = _busy("quota", ResultCode.UNAVAILABLE, _LATER, "rate_limit_error, provider_quota_exceeded")
MISCONFIGURED = Failure(
    "misconfigured",
    ResultCode.THIRD_PARTY_ERROR,
    _SET_UP,
    "not_chat_app, app_unavailable, provider_not_initialize, model_currently_not_support, not published",
)
INVALID = _client_error(
    "invalid",
    ResultCode.THIRD_PARTY_ERROR,
    _UNFIT,
    "HTTP 400, 413 or 415, or an error event that says so: an input or a file is missing or unfit",
)
INVALID_INPUTS = _client_error(
    "invalid_inputs",
    ResultCode.PARAMETER_ERROR,
    _UNFIT,
    "Dify was not asked: by the app's parameters an input or a file is missing or unfit, which field and words name",
)

# Refusals of Dify's other routes.
FEATURE_OFF = _client_error(
    "feature_off",
    ResultCode.BUSINESS_ERROR,
    "The assistant does not offer this.",
    "suggested questions, speech or uploads are switched off in the app",
)
SPEECH_OFF = _client_error(
    "speech_off",
    ResultCode.FORBIDDEN,
    "Speech is switched off here.",
    "Dify was not asked: SPEECH is browser or off",
)
MESSAGE_NOT_FOUND = _client_error(
    "message_not_found",
    ResultCode.NOT_FOUND,
    "This answer is not known any more.",
    "HTTP 404 not_found: no such message, or another user's",
)
TOO_LARGE = _client_error(
    "too_large",
    ResultCode.TOO_LARGE,
    "This file is too large.",
    "a file above Dify's limit for its kind, or HTTP 413; one that the app made, above 100 MB",
)
UNSUPPORTED_TYPE = _client_error(
    "unsupported_type",
    ResultCode.UNSUPPORTED_MEDIA_TYPE,
    "Files of this type are not accepted.",
    "a kind of file that the app does not take, or unsupported_file_type",
)
UNSUPPORTED_AUDIO = _client_error(
    "unsupported_audio",
    ResultCode.UNSUPPORTED_MEDIA_TYPE,
    "This recording is of a type that cannot be understood: record WAV, or send MP3, M4A or AMR.",
    "audio that Dify does not take, WebM and Ogg for instance, or unsupported_audio_type",
)

# Files that an app makes.
FILE_LINK_INVALID = _client_error(
    "file_link_invalid",
    ResultCode.FORBIDDEN,
    "This link to a file is none of this service's, or was changed.",
    "a link under /api/app-files/ whose signature does not fit",
)
FILE_LINK_EXPIRED = _client_error(
    "file_link_expired",
    ResultCode.NOT_FOUND,
    "This link to a file has expired. Please ask for the file again.",
    "a link under /api/app-files/ that is older than an hour",
)
FILE_NOT_FOUND = _client_error(
    "file_not_found",
    ResultCode.NOT_FOUND,
    "This file cannot be had any more. Please ask for it again.",
    "HTTP 400 to 410 for a file: Dify does not know it, or its own link to it has expired (FILES_ACCESS_TIMEOUT)",
)

# An answer that waits for a person.
FORM_SUBMITTED = _client_error(
    "form_submitted",
    ResultCode.BUSINESS_ERROR,
    "This form has been answered already.",
    "HTTP 412 human_input_form_submitted",
)
FORM_EXPIRED = _client_error(
    "form_expired",
    ResultCode.BUSINESS_ERROR,
    "The time for this form is over.",
    "HTTP 412 human_input_form_expired, or its time is over by our clock",
)
FORM_NOT_FOUND = _client_error(
    "form_not_found",
    ResultCode.NOT_FOUND,
    "This form is not known any more.",
    "HTTP 404: Dify has no such form, or does not take it this way",
)
DECISION_TAKEN = _client_error(
    "decision_taken",
    ResultCode.GATEWAY_TIMEOUT,
    "The decision was taken, and need not be made again; nothing has been written since. Ask later how it went on.",
    "a form was taken, and no word came of what follows within DIFY_TOTAL_TIMEOUT, or until the connection ended for "
    "good: resume with the same continuation asks how it went on",
    again_after=_BUSY_SECONDS,
)
RUN_NOT_FOUND = _client_error(
    "run_not_found",
    ResultCode.NOT_FOUND,
    "This answer is not known any more.",
    "HTTP 404 from the events of a run: no such run, or another user's",
)

# During an answer.
FIRST_EVENT_TIMEOUT = _outage(
    "first_event_timeout",
    ResultCode.GATEWAY_TIMEOUT,
    _LATER,
    "no event with data within DIFY_FIRST_EVENT_TIMEOUT",
    may_be_question=True,
)
STALLED = _outage(
    "stalled",
    ResultCode.GATEWAY_TIMEOUT,
    _BROKE_OFF,
    "silent for DIFY_IDLE_TIMEOUT, or pings only for DIFY_SILENCE_TIMEOUT",
    may_be_question=True,
)
TOTAL_TIMEOUT = Failure("total_timeout", ResultCode.GATEWAY_TIMEOUT, _BROKE_OFF, "longer than DIFY_TOTAL_TIMEOUT")
FAILED = Failure(
    "failed",
    ResultCode.THIRD_PARTY_ERROR,
    _BROKE_OFF,
    "an error event, or a workflow that failed",
    again_after=_SOON_SECONDS,
)
BROKEN_OFF = Failure(
    "broken_off", ResultCode.THIRD_PARTY_ERROR, _BROKE_OFF, "the stream ended without an end", again_after=0
)
EVENT_TOO_LARGE = Failure(
    "event_too_large", ResultCode.THIRD_PARTY_ERROR, _BROKE_OFF, "more than 16 MiB of text in one event"
)

# Dify was not asked.
NO_FILES = _busy(
    "no_files",
    ResultCode.UNAVAILABLE,
    _BUSY,
    "this process may open no more files and sockets: raise its limit (ulimit -n)",
    is_retryable=True,
)
OVERLOADED = _busy(
    "overloaded",
    ResultCode.UNAVAILABLE,
    _BUSY,
    "DIFY_MAX_WAITING questions wait already; or uploads take all the room that there is, or too many are one owner's",
)
WAITED_TOO_LONG = _busy("waited_too_long", ResultCode.UNAVAILABLE, _BUSY, "no place within DIFY_WAIT_TIMEOUT")
CIRCUIT_OPEN = Failure(
    "circuit_open",
    ResultCode.UNAVAILABLE,
    _LATER,
    "Dify failed often and is left alone for a while",
    again_after=_SOON_SECONDS,
)


ALL = [value for value in list(globals().values()) if isinstance(value, Failure)]
