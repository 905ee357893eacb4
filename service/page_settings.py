"""What the values of settings that begin with PAGE_ may be."""

import re
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, urlsplit

from environs import ValidationError

STATIC = Path(__file__).parents[1] / "static"
CONTROLS = (
    *("language", "theme", "new", "display", "keyboard", "files", "dictate", "call", "aloud", "voice"),
    *("copy", "rate", "listen", "again", "edit", "suggestions", "more"),
)
"""What a person can use on the chat page, by the names that PAGE_CONTROLS has for it."""
HEX_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_NO_LOGO = (
    "Must be a path of the service's own host, such as static/logo.svg or /logo.png: a picture from elsewhere would "
    "tell others who looks at the page."
)


def accent(value: str) -> str:
    """As #rrggbb, or empty."""
    if value and not HEX_COLOUR.fullmatch(value):
        raise ValidationError("Must be a colour such as #0f6a73: # and three or six hexadecimal digits.")
    digits = value.removeprefix("#").lower()
    return value and "#" + (digits if len(digits) > len("rgb") else "".join(digit * 2 for digit in digits))


def logo(value: str) -> str:
    """A relative reference, or an absolute path (RFC 3986, 4.2)."""
    try:
        url = urlsplit(value)
    except ValueError:
        raise ValidationError(_NO_LOGO) from None
    is_written_well = value.isprintable() and " " not in value and "\\" not in value
    if url.scheme or url.netloc or value.startswith("//") or not is_written_well:
        raise ValidationError(_NO_LOGO)
    name = unquote(url.path).removeprefix("static/")
    if name != unquote(url.path) and not _is_static(name):
        raise ValidationError(f"There is no file {name} in the folder static.")
    return value


def _is_static(name: str) -> bool:
    path = (STATIC / name).resolve()
    return path.is_relative_to(STATIC.resolve()) and path.is_file()


def controls(value: str) -> tuple[str, ...]:
    """Those that there are, in the order of CONTROLS; a name with - before it is taken away from all."""
    items = [item.strip().lower() for item in value.split(",") if item.strip()]
    for item in items:
        if item.removeprefix("-") not in {"all", *CONTROLS}:
            raise ValidationError(_unknown(item.removeprefix("-")))
    wanted = {item for item in items if not item.startswith("-")}
    if "all" in wanted or not wanted:
        wanted = set(CONTROLS)
    return tuple(name for name in CONTROLS if name in wanted and f"-{name}" not in items)


def _unknown(name: str) -> str:
    close = get_close_matches(name, CONTROLS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(CONTROLS)}."
    return f'"{name}" is no control of the page: {hint}'
