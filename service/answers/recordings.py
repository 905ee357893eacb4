"""Recordings to be written down: which media types Dify's speech-to-text takes, and under which names. No I/O.

Source: Dify, api-reference: audio-to-text.
"""

from service.answers.base import AnswerError
from service.answers.failures import UNSUPPORTED_AUDIO
from service.answers.uploads import MEGABYTE, File, limit_size

MAX_BYTES = 30 * MEGABYTE

# Dify looks at the part's content type only, and knows one name for each: the first of these.
_SUBTYPES = ("wav x-wav wave vnd.wave", "mp3 mpeg mpga", "m4a x-m4a mp4", "amr")
MEDIA_TYPES = {f"audio/{name}": f"audio/{names.split()[0]}" for names in _SUBTYPES for name in names.split()}
_EXTENSIONS = {"wav", "mp3", "mpga", "m4a", "amr"}
_UNKNOWN_TYPES = {"", "application/octet-stream"}


def as_recording(file: File) -> File:
    """The recording with Dify's name for its media type, size-limited. Raises AnswerError for other types."""
    given, _, options = file.media_type.lower().partition(";")
    given = given.strip()
    if "codecs" in options and given == "audio/mp4" and "mp4a" not in options:
        raise AnswerError(UNSUPPORTED_AUDIO)  # the container of M4A with another codec
    if given in _UNKNOWN_TYPES and file.extension in _EXTENSIONS:
        given = f"audio/{file.extension}"
    media_type = MEDIA_TYPES.get(given)
    if media_type is None:
        raise AnswerError(UNSUPPORTED_AUDIO)
    return limit_size(File(file.name, media_type, file.content, file.min_size), MAX_BYTES)
