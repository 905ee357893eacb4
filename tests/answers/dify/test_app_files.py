"""Files that an app makes: found, and linked."""

from urllib.parse import parse_qs, urlsplit

import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.dify import app_files
from service.answers.dify.app_files import LINK_SECONDS, FileFinder, FileLinks

URL = "https://dify.example.com:8443/v1"
ORIGIN = "https://dify.example.com:8443"
SIGNED = "/files/tools/a1.png?timestamp=17&nonce=n&sign=_b-%3D"


class Clock:
    now = 1000.5

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def links(clock):
    return FileLinks(URL, "app-key", clock)


@pytest.fixture
def finder(links):
    return FileFinder(links)


def split(link):
    """Our URL as its route gets it: the path, and the query."""
    url = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
    return url.path.removeprefix("/api/app-files/"), query


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (SIGNED, SIGNED),
        (ORIGIN + SIGNED, SIGNED),
        ("HTTPS://Dify.Example.COM:8443/files/a", "/files/a"),
        ("/files/a.b_c~d+e=f@g,h-i", "/files/a.b_c~d+e=f@g,h-i"),
        ("/files/..a/b..", "/files/..a/b.."),
        ("/files/a#part", "/files/a"),
        ("/files/a?", "/files/a"),
    ],
)
def test_a_file_of_dify_s_own_origin_is_admitted(links, url, path):
    assert links.admit(url) == path


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "/files", "/files/", "files/a", "/file/a", "/filesystem/a", "/Files/a", "/v1/files/a", "/v1/info",
        "/files/../v1/info", "/files/a/../../v1", "/files/./a", "/files/a/.", "/files/a/..", "/files//a", "//files/a",
        "///files/a", "/files/%2e%2e/v1/info", "/files/%2E%2E/x", "/files/a%2fb", "/files/%252e%252e/x", "/files/a%00",
        "/files\\..\\v1", "/files/a\\b", "\\files\\a", "/files/a b", "/files/a\nb", "/files/a\tb", "/files/ä",
        "https:/files/a", "https:///files/a", "http://dify.example.com:8443/files/a", "https://dify.example.com/files/a",
        "https://evil.example/files/a", "https://dify.example.com:8443@evil.example/files/a",
        "https://u@dify.example.com:8443/files/a", "https://u:p@dify.example.com:8443/files/a",
        "https://@dify.example.com:8443/files/a", "https://dify.example.com:8443.evil.example/files/a",
        "https://dify.example.com:84430/files/a", "https://dify.example.com:x/files/a", "https://[::1/files/a",
        "//dify.example.com:8443/files/a", "ftp://dify.example.com:8443/files/a", "javascript:/files/a",
        "/files/a?x=\\", "/files/a?x=[", "/files/a?" + "x" * 1001, "/files/" + "x" * 2000,
    ],
)  # fmt: skip
def test_anything_else_is_not(links, url):
    assert links.admit(url) is None


@pytest.mark.parametrize(
    ("url", "other"), [("http://d/v1", "http://d:80/files/a"), ("https://d:443", "https://d/files/a")]
)
def test_the_port_of_a_scheme_may_be_left_out(url, other):
    assert FileLinks(url, "k").admit(other) == "/files/a"


@pytest.mark.parametrize("path", [SIGNED, "/files/a"])
def test_a_link_opens_what_it_names_for_an_hour(links, clock, path):
    link = links.link(path)
    assert link.startswith("/api/app-files/" + path.removeprefix("/files/").partition("?")[0])
    assert links.open(*split(link)) == (path, LINK_SECONDS)
    clock.now += LINK_SECONDS - 1
    assert links.open(*split(link)) == (path, 1)
    clock.now += 1
    with pytest.raises(AnswerError) as failed:
        links.open(*split(link))
    assert failed.value.failure is failures.FILE_LINK_EXPIRED


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("tools/a2.png", {}),
        ("../v1/info", {}),
        ("tools/a1.png", {"expires": "99999999999"}),
        ("tools/a1.png", {"expires": "soon"}),
        ("tools/a1.png", {"query": ""}),
        ("tools/a1.png", {"signature": ""}),
        ("tools/a1.png", {"signature": "\udce4"}),
        ("\udce4", {}),
    ],
)
def test_a_link_that_was_changed_opens_nothing(links, path, changes):
    _, query = split(links.link(SIGNED))
    with pytest.raises(AnswerError) as failed:
        links.open(path, query | changes)
    assert failed.value.failure is failures.FILE_LINK_INVALID


def test_another_key_opens_nothing_and_without_a_query_there_is_nothing_to_open(links, clock):
    for path, query in (split(FileLinks(URL, "other", clock).link(SIGNED)), ("tools/a1.png", {})):
        with pytest.raises(AnswerError):
            links.open(path, query)


def told(files):
    return [(file.kind, file.name, file.link) for file in files]


TEXTS = [
    (f"See ![A cat]({SIGNED}) here.", [("image", "A cat.png", SIGNED)]),
    (f"![]({SIGNED})", [("image", "a1.png", SIGNED)]),
    ("[report.pdf](/files/tools/b.pdf?x=1)!", [("document", "report.pdf", "/files/tools/b.pdf?x=1")]),
    (f"[sheet]({ORIGIN}/files/b.xlsx)", [("document", "sheet.xlsx", f"{ORIGIN}/files/b.xlsx")]),
    ('[a]( </files/a.mp3> "title")', [("audio", "a.mp3", "/files/a.mp3")]),
    ('[a](/files/a.mp4 "title")', [("video", "a.mp4", "/files/a.mp4")]),
    ("![drawing](/files/a.svg)", [("document", "drawing.svg", "/files/a.svg")]),
    ("![x](/files/1/image-preview?s=1)", [("image", "x", "/files/1/image-preview?s=1")]),
    ("[a.pdf](/files/1/file-preview)", [("document", "a.pdf", "/files/1/file-preview")]),
    ("[x](/files/1)", [("document", "x", "/files/1")]),
    ("[![x](/files/a.png)](/files/b.zip)", [("image", "x.png", "/files/a.png"), ("document", "b.zip", "/files/b.zip")]),
    ("[a [b](/files/b.gif)", [("image", "b.gif", "/files/b.gif")]),
    ("[../../etc/x](/files/b.txt)", [("document", "x.txt", "/files/b.txt")]),
    ("[x](https://evil.example/files/a.png) ![](/files/../a.png)", []),
    ("[x] (/files/a.png), [x](/files/a.png", []),
    ("Wow! [1] and [2]: a[0](b)![", []),
]


@pytest.mark.parametrize(("text", "files"), TEXTS)
def test_files_are_found_in_the_text(finder, text, files):
    assert told(finder.in_text(text)) == files


@pytest.mark.parametrize(("text", "files"), TEXTS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_they_are_found_in_any_pieces(finder, text, files, size):
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert told([file for piece in pieces for file in finder.in_text(piece)]) == files


def test_what_looks_like_a_link_for_too_long_is_kept_no_further(finder):
    for _ in range(1000):
        finder.in_text("[" + "word " * 10)
        assert len(finder._begun) < 400
    for _ in range(1000):
        finder.in_text("](/files/" + "a" * 300)
        assert len(finder._begun) < 2100
    assert told(finder.in_text("( [x](/files/a.png)")) == [("image", "x.png", "/files/a.png")]


def test_a_file_is_told_once_and_once_more_for_each_link(finder):
    event = {"type": "image", "url": SIGNED, "belongs_to": "assistant"}
    assert told(finder.in_event(event)) == [("image", "a1.png", None)]
    assert finder.in_event(event) == []
    assert told(finder.in_text(f"![x]({SIGNED}) ")) == [("image", "x.png", SIGNED)]
    assert finder.in_text(f"![x]({SIGNED}) ") == []
    assert told(finder.in_text(f"![x]({ORIGIN}{SIGNED}) ")) == [("image", "x.png", ORIGIN + SIGNED)]
    assert finder.at_end([{"url": SIGNED + "0"}], is_run=True) == []


def test_what_withdrawn_text_linked_may_be_told_again(finder):
    finder.in_event({"type": "image", "url": "/files/b.png"})
    finder.in_text(f"![x]({SIGNED}) [x](")
    finder.restart()
    assert told(finder.in_text(f"{SIGNED}) ![x]({SIGNED})")) == [("image", "x.png", SIGNED)]
    assert finder.in_event({"type": "image", "url": "/files/b.png"}) == []


@pytest.mark.parametrize(
    ("event", "files"),
    [
        ({"type": "image", "url": "/files/1"}, [("image", "1", None)]),
        ({"type": "custom", "url": "/files/a.mp3", "filename": "song"}, [("audio", "song.mp3", None)]),
        ({"type": "video", "remote_url": "/files/a.webm", "filename": None}, [("video", "a.webm", None)]),
        ({"type": ["odd"], "url": "/files/a.zip", "filename": 5}, [("document", "a.zip", None)]),
        ({"type": "image", "url": "/files/a.png", "belongs_to": "user"}, []),
        ({"type": "image", "url": "https://evil.example/files/a.png"}, []),
        ({"type": "image", "url": 5}, []),
        ({}, []),
    ],
)
def test_files_are_found_in_events(finder, event, files):
    assert told(finder.in_event(event)) == files


def test_at_the_end_an_app_without_a_workflow_has_the_user_s_files_among_its_own(finder):
    files = [
        {"transfer_method": "local_file", "type": "image", "url": "/files/mine.png"},
        {"transfer_method": "tool_file", "type": "document", "url": "/files/made.pdf", "filename": "made.pdf"},
        "odd",
    ]
    assert told(finder.at_end(files, is_run=False)) == [("document", "made.pdf", None)]
    assert told(finder.at_end(files, is_run=True)) == [("image", "mine.png", None)]
    assert finder.at_end(None, is_run=True) == []


def test_of_one_answer_only_so_many_are_told(finder, monkeypatch):
    monkeypatch.setattr(app_files, "MAX_FILES", 3)
    text = "".join(f"![x](/files/{number}.png)" for number in range(5))
    assert len(finder.in_text(text)) == 3


def test_without_links_there_are_none():
    assert FileFinder().in_text(f"![x]({SIGNED})") == []
