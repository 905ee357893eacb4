"""What is generated for a file of one of these types is its bytes, as for a file of any."""

import schemathesis

_TYPES = ("wav", "x-wav", "wave", "vnd.wave", "mp3", "mpeg", "mpga", "m4a", "x-m4a", "mp4", "amr")

schemathesis.serializer.alias([f"audio/{name}" for name in _TYPES], "application/octet-stream")
