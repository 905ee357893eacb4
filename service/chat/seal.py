"""A paused run as an opaque string, which this service alone can read, and for its owner only. No I/O.

So nothing has to be stored for a pause, which may last for days.
"""

import base64
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from service.answers.pauses import PausedRun

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PURPOSE = b"dify-live continuation 1"
_NONCE_BYTES = 12
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PausedRun).decode


class Seal:
    """AES-256-GCM under a key derived from `secret`: every process with the same secret opens it, also after a restart.

    Without a secret, in mock mode, the key is known to all: a mock's run holds nothing. `cryptography` is imported when
    it is first needed: it takes 7 MB, and most apps never pause.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = secret.encode()

    def seal(self, run: PausedRun, owner: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, _encode(run), owner.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, text: str, owner: str) -> PausedRun | None:
        """None for what was not sealed here, or not for that owner."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - costs memory

        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return _decode(self._cipher.decrypt(nonce, content, owner.encode()))
        except (ValueError, InvalidTag):  # msgspec's errors are ValueErrors
            return None

    @cached_property
    def _cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - costs memory
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        return AESGCM(HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(self._secret))
