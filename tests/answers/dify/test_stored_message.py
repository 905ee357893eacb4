"""What of a stored text follows a pause. How it is looked for: test_answer_after_pause, test_rest_of_answer."""

import zlib

import pytest

from service.answers.base import Identity
from service.answers.dify.stored_message import text_since


@pytest.mark.parametrize(
    ("answer", "known", "rest"),
    [
        ("Draft. Yes.", "Draft. ", "Yes."),
        ("Draft. Draft. Yes.", "Draft. ", "Draft. Yes."),
        ("Draft. ", "Draft. ", ""),
        ("\U0001f642 é", "\U0001f642 ", "é"),
        ("\ud83d é", "\ud83d ", "é"),
        ("Yes.", "", "Yes."),
        ("Withdrawn.", "Draft. ", "Withdrawn."),
        ("", "Draft. ", ""),
    ],
)
def test_what_follows_the_known_text_is_the_rest_and_all_where_that_was_replaced(answer, known, rest):
    checksum = zlib.crc32(known.encode(errors="replace"))
    assert text_since(answer, Identity("dify", length=len(known), checksum=checksum)) == rest
