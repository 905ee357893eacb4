"""What of a file object is sent on."""

import pytest

from service.answers.dify.file_objects import BadFile, documented, documented_file, is_file, is_link

UPLOAD = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://example.com/a.pdf?x=1#y", True),
        ("http://192.0.2.7:8000/ä.png", True),
        ("https://example.com/" + "x" * 2028, True),
        ("https://example.com/" + "x" * 2029, False),
        ("https://ann:secret@example.com/a.pdf", False),
        ("https://example.com/a b", False),
        ("https://example.com/a\nhttps://example.com/b", False),
        ("https://example.com\\@evil.example/", False),
        ("https://example.com:port/", False),
        ("https:///a", False),
        ("file:///etc/passwd", False),
        ("//example.com/a", False),
        ("", False),
        (["https://example.com"], False),
        (None, False),
    ],
)
def test_a_link_is_one_http_url(url, is_one):
    assert is_link(url) is is_one


def test_what_has_a_transfer_method_of_dify_s_looks_like_a_file():
    assert is_file({"transfer_method": "datasource_file"})
    assert [
        is_file(it) for it in ({}, [], "local_file", {"transfer_method": ["local_file"]}, {"transfer_method": "x"})
    ] == [False] * 5


def test_an_address_is_refused_where_none_is_taken():
    link = {"type": "image", "transfer_method": "remote_url", "url": "https://example.com/a.png"}
    assert documented([link, 5], takes_links=True) == [link, 5]
    with pytest.raises(BadFile, match="remote_url"):
        documented({"a": link}, takes_links=False)


@pytest.mark.parametrize("changes", [{"type": "smell"}, {"transfer_method": "tool_file"}, {"upload_file_id": "f"}])
def test_what_is_not_documented_is_no_file(changes):
    with pytest.raises(BadFile, match="needs to be a file"):
        documented_file({"type": "image", "transfer_method": "local_file", "upload_file_id": UPLOAD} | changes)


def test_a_file_without_a_kind_is_a_custom_one():
    assert documented_file({"transfer_method": "local_file", "upload_file_id": UPLOAD})["type"] == "custom"
