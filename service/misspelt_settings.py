"""Names in the environment, and in the file .env, that are nearly those of settings."""

import os
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from service.settings import Settings

SHORT_NAME_CHARACTERS = 6
_ASSIGNED = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=", re.MULTILINE)


def misspelt_names(env_file: str = ".env") -> Iterator[tuple[str, str]]:
    """Variables one or two letters away from a setting, with that setting; one letter if its name is short.

    HOME and PATH are not meant as HOST and PORT.
    """
    path, names = Path(env_file), [field.name.upper() for field in fields(Settings)]
    in_file = _ASSIGNED.findall(path.read_text(errors="replace")) if path.is_file() else []
    for variable in sorted({*os.environ, *in_file} - set(names)):
        for name in names:
            if _is_close(variable.upper(), name, 1 if len(name) <= SHORT_NAME_CHARACTERS else 2):
                yield variable, name


def _is_close(one: str, other: str, edits: int) -> bool:
    """Whether at most so many letters are missing, added, replaced, or swapped with the next one."""
    while one and one[:1] == other[:1]:
        one, other = one[1:], other[1:]
    if one == other or not edits:
        return one == other
    rests = [(one[1:], other), (one, other[1:]), (one[1:], other[1:])]
    if one[1::-1] == other[:2]:
        rests.append((one[2:], other[2:]))
    return any(_is_close(*rest, edits - 1) for rest in rests)
