"""Values in JSON that others write: of the type that is wanted, or none. No I/O."""

from typing import Any
from uuid import UUID


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def texts_in(value: Any) -> list[str]:
    return [item for item in as_list(value) if isinstance(item, str)]


def objects_in(value: Any) -> list[dict[str, Any]]:
    return [item for item in as_list(value) if isinstance(item, dict)]


def positive_int(value: Any, default: int) -> int:
    """A number above zero, or digits; the default for anything else."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if number > 0 else default


def as_uuid(value: Any) -> UUID | None:
    """Of a text in any form of a UUID."""
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None
