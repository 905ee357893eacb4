"""`utterance` in a call of /api/audio-to-text: several recordings of what a person says count as one call."""

import hashlib
import re
from contextlib import suppress
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from service.admission.proxy_headers import ADDRESS
from service.web.request_bodies import BadBody

PATH = "/api/audio-to-text"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def utterance_id(scope: Scope) -> str | None:
    """As the client named it; None where it did not. Raises BadBody."""
    query: bytes = scope["query_string"]
    ids = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("utterance")
    if ids is None:
        return None
    if len(ids) > 1 or not _ID.match(ids[0]):
        raise BadBody("utterance: Expected 1 to 64 of A-Z, a-z, 0-9, _ and -.")
    return ids[0]


def utterance_key(scope: Scope) -> str:
    """The caller's utterance: of its address, and of its token, true or not. Empty where there is none.

    Whoever makes up tokens has more utterances, each of which counts.
    """
    if scope["path"] == PATH:
        with suppress(BadBody):
            if (id_ := utterance_id(scope)) is not None:
                whole = f"{scope[ADDRESS]} {Headers(scope=scope).get('authorization')} {id_}"
                return hashlib.sha256(whole.encode()).hexdigest()[:32]
    return ""
