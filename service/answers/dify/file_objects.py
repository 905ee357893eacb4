"""File objects, of a question or among its inputs: those that Dify documents, and of them only what it documents.

Source: Dify, api-reference: chat-messages, files. No I/O.
"""

from collections.abc import Mapping
from typing import Any

from service.admission.origins import http_origin
from service.answers.json_values import as_uuid
from service.answers.uploads import KINDS, LOCAL, REMOTE

MAX_URL_LENGTH = 2048
_METHODS = {LOCAL, REMOTE, "tool_file", "datasource_file"}
"""Dify knows more than it documents: files of tools and of data sources, which are none of a client's."""


class BadFile(Exception):
    """For people: what a file needs to be."""


def is_file(value: Any) -> bool:
    """Whether Dify could take it for one."""
    method = value.get("transfer_method") if isinstance(value, dict) else None
    return isinstance(method, str) and method in _METHODS


def documented(value: Any, *, takes_links: bool) -> Any:
    """`value` with each file object in it reduced to what is documented. Raises BadFile."""
    if isinstance(value, list):
        return [documented(item, takes_links=takes_links) for item in value]
    if is_file(value):
        return documented_file(value, takes_links=takes_links)
    if isinstance(value, dict):
        return {name: documented(item, takes_links=takes_links) for name, item in value.items()}
    return value


def documented_file(file: Mapping[str, Any], *, takes_links: bool = True) -> dict[str, Any]:
    """Raises BadFile."""
    kind, method = file.get("type", "custom"), file.get("transfer_method")
    upload, url = as_uuid(file.get("upload_file_id")), file.get("url")
    if kind in KINDS and method == LOCAL and upload is not None:
        return {"type": kind, "transfer_method": LOCAL, "upload_file_id": str(upload)}
    if kind not in KINDS or method != REMOTE or not is_link(url):
        raise BadFile("needs to be a file: type, transfer_method, and upload_file_id or url")
    if not takes_links:
        raise BadFile("is an address, and files are not taken as remote_url")
    return {"type": kind, "transfer_method": REMOTE, "url": url}


def is_link(value: Any) -> bool:
    """One http(s) URL, without a user's name and password."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_URL_LENGTH
        and value.isprintable()
        and not any(char in ' "<>\\^`{|}' for char in value)
        and http_origin(value) is not None
    )
