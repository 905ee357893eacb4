"""Uploaded files: names, kinds and sizes, and which of them an app accepts. No I/O.

Source: Dify, api-reference: files/upload, parameters.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from service.answers.base import AnswerError
from service.answers.failures import FEATURE_OFF, TOO_LARGE, UNSUPPORTED_TYPE
from service.answers.json_values import as_list, as_object, objects_in, positive_int, texts_in
from service.answers.pauses import FILE_INPUTS

LOCAL, REMOTE = "local_file", "remote_url"
KINDS = ("image", "document", "audio", "video", "custom")
MEGABYTE = 1024 * 1024
LONGEST_NAME = 200

_EXTENSIONS = {
    "image": "jpg jpeg png webp gif svg",
    "document": "txt md mdx markdown pdf html xlsx xls doc docx csv eml msg pptx ppt xml epub",
    "audio": "mp3 m4a wav webm amr mpga",
    "video": "mp4 mov mpeg",
}
KIND_BY_EXTENSION = {extension: kind for kind, names in _EXTENSIONS.items() for extension in names.split()}
_LIMITS = {  # in system_parameters, in MB, and Dify's defaults
    "image": ("image_file_size_limit", 10),
    "audio": ("audio_file_size_limit", 50),
    "video": ("video_file_size_limit", 100),
    "document": ("file_size_limit", 15),
}
_DEFAULT_MAX_FILES = 3


@dataclass(frozen=True)
class File:
    """A file being read: iterate `content` once. `min_size` (bytes) is known before."""

    name: str
    media_type: str
    content: AsyncIterator[bytes]
    min_size: int = 0

    @property
    def extension(self) -> str:
        return extension_of(self.name)


class UploadRules(msgspec.Struct, frozen=True):
    """What an app accepts. Kind `custom` is any file with one of the `extensions`, or any file if there are none."""

    kinds: list[str]
    extensions: list[str]
    max_files: int
    max_bytes: dict[str, int]

    def kind_of(self, file: File) -> str | None:
        """The kind under which the app accepts the file, if it does."""
        kind = kind_of(file)
        if kind in self.kinds and kind != "custom":
            return kind
        is_listed = not self.extensions or file.extension in self.extensions
        return "custom" if "custom" in self.kinds and is_listed else None


def extension_of(name: str) -> str:
    """Without the dot, in lower case."""
    return PurePosixPath(name).suffix[1:].lower()


def kind_of(file: File) -> str:
    """As Dify does: by the extension, then by the media type."""
    general = file.media_type.partition("/")[0]
    return KIND_BY_EXTENSION.get(file.extension) or (general if general in {"image", "audio", "video"} else "custom")


def all_rules(parameters: Mapping[str, Any]) -> list[UploadRules]:
    """Of the question, and of the app's inputs: these accept files even where uploads are off."""
    rules = [_rules(field, size_limits(parameters)) for kind, field in inputs_of(parameters) if kind in FILE_INPUTS]
    return [rule for rule in (upload_rules(parameters), *rules) if rule is not None]


def upload_rules(parameters: Mapping[str, Any]) -> UploadRules | None:
    """For files of a question; None where uploads are off."""
    uploads = uploads_of(parameters)
    return _rules(uploads, size_limits(parameters)) if uploads is not None else None


def uploads_of(parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What Dify says of the files of a question; None where uploads are off."""
    uploads = as_object(parameters.get("file_upload"))
    image = as_object(uploads.get("image"))
    if uploads.get("enabled") is True:
        return uploads
    if image.get("enabled") is True:  # the older form
        return image | {"allowed_file_types": ["image"]}
    return None


def inputs_of(parameters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The kind of each input of the app, and what Dify says of it."""
    for group in objects_in(parameters.get("user_input_form")):
        for kind, field in group.items():
            yield kind, as_object(field)


def takes(rules: Mapping[str, Any], method: str) -> bool:
    """Whether files may come in that way."""
    methods = methods_of(rules)
    return not methods or method in methods


def methods_of(rules: Mapping[str, Any]) -> list[str]:
    return texts_in(rules.get("allowed_file_upload_methods")) or texts_in(rules.get("transfer_methods"))


def rules_of_forms(parameters: Mapping[str, Any]) -> UploadRules:
    """Of the forms amid answers: what each field takes is for Dify to check."""
    return UploadRules(list(KINDS), [], _DEFAULT_MAX_FILES, size_limits(parameters))


def size_limits(parameters: Mapping[str, Any]) -> dict[str, int]:
    limits = as_object(parameters.get("system_parameters"))
    return {kind: positive_int(limits.get(name), default) * MEGABYTE for kind, (name, default) in _LIMITS.items()}


def admit(file: File, rules: list[UploadRules]) -> tuple[str, int]:
    """The kind under which the file is accepted, and how large it may be (bytes). Raises AnswerError."""
    if not rules:
        raise AnswerError(FEATURE_OFF)
    kind = next((kind for rule in rules if (kind := rule.kind_of(file))), None)
    if kind is None:
        raise AnswerError(UNSUPPORTED_TYPE)
    # Dify goes by the extension here, not by the media type.
    max_bytes = rules[0].max_bytes[KIND_BY_EXTENSION.get(file.extension, "document")]
    return kind, max_bytes


def limit_size(file: File, max_bytes: int) -> File:
    """The same file, whose content raises AnswerError past `max_bytes`; so does this, if that is certain already."""
    if file.min_size > max_bytes:
        raise AnswerError(TOO_LARGE)
    return File(file.name, file.media_type, _limited(file.content, max_bytes), file.min_size)


async def _limited(content: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in content:
        size += len(chunk)
        if size > max_bytes:
            raise AnswerError(TOO_LARGE)
        yield chunk


def sanitize_name(name: str, media_type: str) -> str:
    """The last segment of a path of any system, printable, up to LONGEST_NAME; a name for a file without one."""
    name = "".join(char for char in re.split(r"[/\\]", name)[-1] if char.isprintable()).strip(" .")
    if not name:
        subtype = re.sub(r"[^a-z0-9]", "", media_type.partition(";")[0].partition("/")[2].lower())
        name = f"file.{subtype}" if subtype in KIND_BY_EXTENSION else "file"
    path = PurePosixPath(name)
    return path.stem[: LONGEST_NAME - len(path.suffix[:20])] + path.suffix[:20]


def _rules(config: Mapping[str, Any], max_bytes: dict[str, int]) -> UploadRules | None:
    if not takes(config, LOCAL):
        return None
    kinds = [kind for kind in as_list(config.get("allowed_file_types")) or KINDS if kind in KINDS]
    extensions = [str(extension).lower().lstrip(".") for extension in as_list(config.get("allowed_file_extensions"))]
    max_files = positive_int(config.get("number_limits") or config.get("max_length"), _DEFAULT_MAX_FILES)
    return UploadRules(kinds, extensions, max_files, max_bytes)
