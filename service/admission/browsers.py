"""Which browser it is, by its User-Agent: name and version, for the log. No I/O."""

import re

MAX_CHARACTERS = 40
_READ_CHARACTERS = 300
# Most call themselves Chrome and Safari, too: the first of these that is found says it.
_BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"\bOPR/(\d+)")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS)/(\d+)")),
    ("Safari", re.compile(r"\bVersion/(\d+(?:[.]\d+)?)")),
)


def browser_of(user_agent: str | None) -> str | None:
    """Of anything else, such as a library or a kiosk, the first product."""
    if not user_agent:
        return None
    for name, pattern in _BROWSERS:
        if found := pattern.search(user_agent, 0, _READ_CHARACTERS):
            return f"{name} {found[1]}"
    return user_agent[:MAX_CHARACTERS].partition(" ")[0]
