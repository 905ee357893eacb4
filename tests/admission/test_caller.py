"""Who a caller is."""

import pytest

from service.admission.caller import Caller, Principal, is_subject


def test_a_caller_is_who_it_proved_to_be_or_nobody():
    assert Caller("192.0.2.7").subject is None
    assert Caller("192.0.2.7", Principal("ann")).subject == "ann"


def test_a_user_s_inputs_replace_the_client_s():
    assert Caller().inputs(None) == {}
    assert Caller().inputs({"ward": 8}) == {"ward": 8}
    principal = Principal("ann", inputs={"ward": 7, "role": "nurse"})
    assert Caller(principal=principal).inputs({"ward": 8, "topic": "beds"}) == {
        "ward": 7,
        "role": "nurse",
        "topic": "beds",
    }


@pytest.mark.parametrize(
    ("text", "is_one"), [("ann", True), ("x" * 255, True), ("x" * 256, False), (" ", False), ("", False)]
)
def test_a_user_has_a_printable_name(text, is_one):
    assert is_subject(text) is is_one
