"""A sender of files: forms (RFC 7578), bit by bit."""

from tests.api import TOKEN

ON = {"enabled": True, "number_limits": 3, "allowed_file_upload_methods": ["local_file", "remote_url"]}
ALL_KINDS = ON | {"allowed_file_types": ["image", "document", "audio", "video", "custom"]}
BOUNDARY = "boundary"
FORM_HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
CHUNK = b"x" * 65536
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def head(name="film.mp4", media_type="video/mp4"):
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()


class Sender:
    """Sends a form bit by bit; `sent` counts the bytes of the file that are on their way."""

    def __init__(self, chunks, *head_of):
        self.sent = 0
        self._chunks = chunks
        self._head = head(*head_of)

    async def __aiter__(self):
        yield self._head
        for _ in range(self._chunks):
            yield CHUNK
            self.sent += len(CHUNK)
        yield TAIL

    async def send(self, http, service):
        async with http.post(f"{service.url}/api/files", data=aiter(self), headers=FORM_HEADERS) as response:
            return response.status, await response.json()
