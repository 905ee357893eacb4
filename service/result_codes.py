"""Result codes of HTTP replies and of error messages. No I/O."""

from enum import IntEnum
from typing import Self


class ResultCode(IntEnum):
    """With a `phrase`, and the HTTP `status` of a reply."""

    phrase: str
    status: int

    def __new__(cls, value: int, phrase: str, status: int | None = None) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.phrase = phrase
        member.status = status or value
        return member

    SUCCESS = 200, "Operation successful"
    BAD_REQUEST = 400, "Request error"
    UNAUTHORIZED = 401, "Unauthorized"
    FORBIDDEN = 403, "Forbidden"
    NOT_FOUND = 404, "Not found"
    METHOD_NOT_ALLOWED = 405, "Method not allowed"
    TOO_LARGE = 413, "Too large"
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported media type"
    UPGRADE_REQUIRED = 426, "Upgrade required"
    TOO_MANY_REQUESTS = 429, "Too many requests"
    SERVER_ERROR = 500, "Server error"
    UNAVAILABLE = 503, "Service unavailable"
    GATEWAY_TIMEOUT = 504, "Gateway timeout"
    PARAMETER_ERROR = 10000, "Parameter error", 400
    BUSINESS_ERROR = 20000, "Business error", 409
    THIRD_PARTY_ERROR = 30000, "Third-party service error", 502
    DATABASE_ERROR = 40000, "Database error", 500
    UNKNOWN_ERROR = 90000, "Unknown error", 500

    @classmethod
    def of_status(cls, status: int) -> "ResultCode":
        """Of an HTTP status; UNKNOWN_ERROR where there is none."""
        return next((code for code in cls if code == status), cls.UNKNOWN_ERROR)
