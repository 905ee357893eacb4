"""What a continuation holds, and for whom it opens."""

import msgspec
import pytest

from service.answers.pauses import PausedRun
from service.chat.seal import Seal

RUN = PausedRun("r", "t", "c", "m", "secret-token", ["yes"], ["comment"], 1_795_784_253_000, 12, 2**32 - 1)


@pytest.mark.parametrize("run", [RUN, PausedRun("r")])
@pytest.mark.parametrize("secret", ["app-key", ""])
def test_what_was_sealed_is_opened_by_the_same_secret_for_the_same_owner(run, secret):
    assert Seal(secret).open(Seal(secret).seal(run, "owner"), "owner") == run


def test_it_reads_as_letters_and_digits_and_shows_nothing():
    text = Seal("app-key").seal(RUN, "owner")
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert "secret" not in text
    assert Seal("app-key").seal(RUN, "owner") != text


@pytest.mark.parametrize(
    ("secret", "owner"), [("other-key", "owner"), ("", "owner"), ("app-key", "other"), ("app-key", "")]
)
def test_no_other_secret_and_no_other_owner_opens_it(secret, owner):
    assert Seal(secret).open(Seal("app-key").seal(RUN, "owner"), owner) is None


@pytest.mark.parametrize("text", ["", "x", "xx", "é", "not base64!", "AAAA", "A" * 200, "\x00"])
def test_what_is_no_continuation_opens_nothing(text):
    assert Seal("app-key").open(text, "owner") is None


def test_each_changed_character_spoils_it():
    seal = Seal("app-key")
    text = seal.seal(RUN, "owner")
    for index in range(len(text) - 1):  # the last one may hold unused bits
        other = "B" if text[index] == "A" else "A"
        assert seal.open(text[:index] + other + text[index + 1 :], "owner") is None


def test_one_of_another_shape_opens_nothing():
    """Of a version to come, for instance."""
    seal = Seal("app-key")
    for content in ([], [5], {"run_id": "r"}):
        sealed = seal._cipher.encrypt(b"0" * 12, msgspec.msgpack.encode(content), b"owner")
        text = msgspec.json.encode(b"0" * 12 + sealed).decode().strip('"').replace("+", "-").replace("/", "_")
        assert seal.open(text, "owner") is None
