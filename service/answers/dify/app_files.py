"""Files that an app makes: found in its text and its events, and their links through this service. No I/O.

Such a link may be opened by whoever has it, for an hour; it names a file under /files/ of Dify's own origin, and holds
nothing of a user's. Dify signs the paths of its files itself, for five minutes as it is shipped (FILES_ACCESS_TIMEOUT).
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from service.answers.base import AnswerError, AppFile, FileKind
from service.answers.failures import FILE_LINK_EXPIRED, FILE_LINK_INVALID
from service.answers.json_values import objects_in
from service.answers.uploads import KIND_BY_EXTENSION, extension_of, sanitize_name

ROUTE = "/api/app-files/"
LINK_SECONDS = 3600
MAX_FILES = 100
"""So many of one answer are told."""
_FILES = "/files/"
_PORTS = {"http": 80, "https": 443}
_KINDS: dict[Any, FileKind] = {"image": "image", "audio": "audio", "video": "video", "document": "document"}
# Without escapes, which Dify's own paths do not have, there is but one way to write a path.
_PATH = re.compile(r"/files(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._~+=@,-]+)+", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'*+,;=:@/?%-]{0,1000}", re.ASCII)
_URL = re.compile(r"[!-\[\]-~]{1,2000}")  # printable ASCII, no space, no backslash
# Of a Markdown link or image its label, if that has no brackets, and its destination.
_LINK = re.compile(r"(?:(!?)\[([^\[\]]{0,300}))?\]\([ \n]{0,3}<?([^\s<>()]{1,2000})(?=[\s>)])")
_BEGUN_LINK = re.compile(r"(?:!\Z|!?\[[^\[\]]{0,300}(?=\]|\Z))?(?:\](?:\((?:[ \n]{0,3}<?[^\s<>()]{0,2000}))?)?\Z")


class FileLinks:
    """Links to the files of the Dify at `api_url`, signed with a key that is derived from its API key."""

    def __init__(self, api_url: str, api_key: str, clock: Callable[[], float] = time.time) -> None:
        self._origin = _origin(urlsplit(api_url))
        self._key = hmac.digest(api_key.encode(), b"dify-live: links to files", hashlib.sha256)
        self._clock = clock

    def admit(self, url: str) -> str | None:
        """The path, with its query, of a URL of a file at Dify; None for any other URL."""
        if not _URL.fullmatch(url) or url.startswith("//"):
            return None
        try:
            split = urlsplit(url)
            is_own = not (split.scheme or split.netloc) or _origin(split) == self._origin
        except ValueError:
            return None
        if not is_own or not _PATH.fullmatch(split.path) or not _QUERY.fullmatch(split.query):
            return None
        return f"{split.path}?{split.query}" if split.query else split.path

    def link(self, path: str) -> str:
        """Our URL, relative, for a path that was admitted. Two with the same path are of the same file."""
        path, _, query = path.partition("?")
        expires = str(int(self._clock()) + LINK_SECONDS)
        signed = {"expires": expires, "query": query, "signature": self._sign(path, query, expires)}
        return f"{ROUTE}{path.removeprefix(_FILES)}?{urlencode(signed)}"

    def open(self, path: str, query: Mapping[str, str]) -> tuple[str, int]:
        """What a link of ours names: Dify's path, and for how many seconds more. Raises AnswerError."""
        path, of_dify, expires = _FILES + path, query.get("query", ""), query.get("expires", "")
        signature = query.get("signature", "").encode(errors="replace")
        if not hmac.compare_digest(signature, self._sign(path, of_dify, expires).encode()):
            raise AnswerError(FILE_LINK_INVALID)
        left = int(expires) - int(self._clock())
        if left <= 0:
            raise AnswerError(FILE_LINK_EXPIRED)
        return (f"{path}?{of_dify}" if of_dify else path), left

    def _sign(self, *what: str) -> str:
        return hmac.new(self._key, "\n".join(what).encode(errors="replace"), hashlib.sha256).hexdigest()


class FileFinder:
    """Finds the files of one answer, whose text comes in any pieces.

    A file is told once, and once more for each way in which the text links it. Without `links` there are none.
    """

    def __init__(self, links: FileLinks | None = None) -> None:
        self._links = links
        self._begun = ""  # the end of the text, if a link may go on there
        self._told: set[tuple[str, str | None]] = set()

    def in_text(self, text: str) -> list[AppFile]:
        if not self._begun and "[" not in text and "]" not in text and text[-1:] != "!":
            return []
        text = self._begun + text
        found: list[AppFile] = []
        end = 0
        for match in _LINK.finditer(text):
            end = match.end()
            bang, label, url = match.groups(default="")
            found += self._tell(url, label, "image" if bang else None, url)
        begun = _BEGUN_LINK.search(text, end)
        self._begun = begun[0] if begun else ""
        return found

    def in_event(self, event: Mapping[str, Any]) -> list[AppFile]:
        """Of a `message_file` event, or of a message's stored files; not those that its user sent."""
        if event.get("belongs_to") == "user":
            return []
        return self._of_object(event)

    def at_end(self, files: Any, *, is_run: bool) -> list[AppFile]:
        """Of `message_end`: what a workflow made; an app without one has the user's own files among them."""
        made = [file for file in objects_in(files) if is_run or file.get("transfer_method") == "tool_file"]
        return [found for file in made for found in self._of_object(file)]

    def restart(self) -> None:
        """The text so far is withdrawn, and with it what it linked."""
        self._begun = ""
        self._told = {(path, link) for path, link in self._told if link is None}

    def _of_object(self, file: Mapping[str, Any]) -> list[AppFile]:
        url, name = file.get("url") or file.get("remote_url"), file.get("filename")
        if not isinstance(url, str):
            return []
        return self._tell(url, name if isinstance(name, str) else "", _KINDS.get(str(file.get("type"))), None)

    def _tell(self, url: str, name: str, said: FileKind | None, link: str | None) -> list[AppFile]:
        target = self._links.admit(url) if self._links is not None else None
        path = (target or "").partition("?")[0]
        is_told = (path, link) in self._told or (link is None and any(path == told for told, _ in self._told))
        if self._links is None or target is None or is_told or len(self._told) >= MAX_FILES:
            return []
        self._told.add((path, link))
        name = _name(name, path)
        return [AppFile(_kind(name, said, is_linked=link is not None), name, self._links.link(target), link)]


def _origin(url: SplitResult) -> tuple[str, str | None, int | None, str | None]:
    """With what stands before the host, of which there is nothing in an origin."""
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme), url.username


def _name(said: str, path: str) -> str:
    """As it was said, with the extension of the path."""
    last, extension = path.rpartition("/")[2], extension_of(path)
    name = sanitize_name(said, "") if said.strip() else last
    return name if not extension or extension_of(name) == extension else f"{name}.{extension}"


def _kind(name: str, said: FileKind | None, *, is_linked: bool) -> FileKind:
    """A link in a text says less than the extension, Dify more. No SVG is shown as an image: it may hold scripts."""
    extension = extension_of(name)
    if extension == "svg":
        return "document"
    known = _KINDS.get(KIND_BY_EXTENSION.get(extension))
    return ((known or said) if is_linked else (said or known)) or "document"
