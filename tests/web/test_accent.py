"""Whatever colour an operator likes, people can read the page."""

import re

import pytest

from service.web.accent import AA, contrast, mix, palette, style_sheet
from tests.conftest import ROOT

COLOURS = ["#0f6a73", "#ffcc00", "#ffffff", "#000000", "#ff0000", "#0000ff", "#777777", "#00ff00", "#c2185b"]
GROUNDS = ("page", "surface", "code")


def rgb(colour):
    digits = colour.strip().removeprefix("#")
    return tuple(bytes.fromhex(digits if len(digits) > 3 else "".join(digit * 2 for digit in digits)))


def grounds_of(theme):
    """As chat.css has them."""
    light, dark = (ROOT / "static/chat.css").read_text().split("[data-theme=dark]", 1)
    text = dark if theme == "dark" else light
    return [rgb(re.search(rf"--{name}: (#\w+);", text)[1]) for name in GROUNDS]


def test_the_contrast_ratio_is_wcag_s():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert contrast((1, 2, 3), (1, 2, 3)) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", COLOURS)
def test_words_in_it_and_on_it_reach_aa(colour, theme):
    colours = {name: rgb(value) for name, value in palette(colour, theme).items()}
    for words in ("--accent", "--accent-strong"):
        for ground in (*grounds_of(theme), colours["--tint"]):
            assert contrast(colours[words], ground) >= AA
    for fill in ("--fill", "--fill-strong"):
        assert contrast(colours["--on-accent"], colours[fill]) >= AA


def test_a_colour_that_can_be_read_stays_as_it_is():
    assert palette("#0f6a73", "light")["--accent"] == "#0f6a73"
    assert palette("#ffcc00", "dark")["--accent"] == "#ffcc00"
    assert palette("#ffcc00", "light")["--fill"] == "#ffcc00"


def test_a_mixture_has_so_much_of_the_first():
    assert mix((255, 0, 0), (0, 0, 255), 0.25) == (64, 0, 191)


def test_dark_colours_come_after_the_light_ones_and_not_on_paper():
    sheet = style_sheet("#0f6a73")
    assert re.fullmatch(r":root\{[^{}]+\}\n@media screen\{\[data-theme=dark\]\{[^{}]+\}\}\n", sheet)
