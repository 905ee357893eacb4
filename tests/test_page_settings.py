"""What the values of PAGE_… may be."""

import pytest
from environs import ValidationError

from service.page_settings import CONTROLS, accent, controls, logo


@pytest.mark.parametrize(("value", "colour"), [("", ""), ("#0F6A73", "#0f6a73"), ("#08f", "#0088ff")])
def test_an_accent_is_a_hexadecimal_colour(value, colour):
    assert accent(value) == colour


@pytest.mark.parametrize("value", ["teal", "0f6a73", "#0f6a7", "#0f6a7380", "#0f6a73\n", "#fff;}", "rgb(0 0 0)"])
def test_nothing_else_is_an_accent(value):
    with pytest.raises(ValidationError, match=r"colour such as #0f6a73"):
        accent(value)


@pytest.mark.parametrize("value", ["", "static/icon.svg", "/logo.png", "pictures/logo.png?v=2", "static/icon.svg?2"])
def test_a_logo_is_a_path_of_the_same_host(value):
    assert logo(value) == value


@pytest.mark.parametrize(
    "value",
    ["https://cdn.example.com/logo.png", "//cdn.example.com/l.png", "data:image/png,x", "a b", "\\\\h\\l", "http://[x"],
)
def test_a_logo_of_another_host_is_refused(value):
    with pytest.raises(ValidationError, match="of the service's own host"):
        logo(value)


@pytest.mark.parametrize("value", ["static/none.svg", "static/js", "static/../env.sample", "static/%2e%2e/env.sample"])
def test_a_logo_that_is_not_in_the_folder_static_is_missed_at_once(value):
    with pytest.raises(ValidationError, match=r"no file .* in the folder static"):
        logo(value)


@pytest.mark.parametrize(
    ("value", "there"),
    [
        ("", CONTROLS),
        ("all", CONTROLS),
        ("call, New", ("new", "call")),
        ("-keyboard", tuple(name for name in CONTROLS if name != "keyboard")),
        ("all,-theme,-rate", tuple(name for name in CONTROLS if name not in {"theme", "rate"})),
        ("copy,rate,-rate", ("copy",)),
    ],
)
def test_controls_are_named_or_taken_away(value, there):
    assert controls(value) == there


@pytest.mark.parametrize(
    ("value", "words"), [("keybord", "did you mean keyboard"), ("-ratee", "did you mean rate"), ("xyz", "there are la")]
)
def test_a_control_that_there_is_not_is_refused_with_the_nearest(value, words):
    with pytest.raises(ValidationError, match=words):
        controls(value)
