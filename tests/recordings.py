"""Byte-exact replies of a real Dify 1.12.1: status line, headers, and the body in the HTTP chunks in which it came."""

from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Recording:
    status: int
    content_type: str
    chunks: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


def load(name: str) -> Recording:
    head, _, body = (DATA / f"{name}.raw").read_bytes().partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    chunked = headers.get("transfer-encoding") == "chunked"
    chunks = list(_chunks(body)) if chunked else [body]
    return Recording(int(status_line.split()[1]), headers["content-type"], chunks)


def _chunks(body: bytes):
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return
        yield rest[:length]
        body = rest[length + 2 :]
