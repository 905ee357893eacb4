"""Byte-exact replies of a real Dify 1.12.1 and, under `1.14/`, of 1.14.2.

Each has the status line, the headers, and the body in the HTTP chunks in which it came.
"""

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
_HELD_OPEN = {"1.14/1s_flow_form_missing", "1.14/1s_flow_modin"}


@dataclass(frozen=True)
class Recording:
    status: int
    content_type: str
    chunks: list[bytes]
    stays_open: bool = False
    """Dify went on holding it open when the recorder left."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


def load(name: str) -> Recording:
    head, _, body = (DATA / f"{name}.raw").read_bytes().partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    chunked = headers.get("transfer-encoding") == "chunked"
    chunks = list(_chunks(body)) if chunked else [body]
    return Recording(int(status_line.split()[1]), headers["content-type"], chunks, name in _HELD_OPEN)


def names(folder: str) -> list[str]:
    """Of all recordings in a folder."""
    return sorted(f"{folder}/{path.stem}" for path in (DATA / folder).glob("*.raw"))


def _chunks(body: bytes):
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return
        yield rest[:length]
        body = rest[length + 2 :]
