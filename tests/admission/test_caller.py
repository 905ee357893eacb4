"""Who a caller is."""

from service.admission.caller import Caller, Principal


def test_a_caller_is_who_it_proved_to_be_or_nobody():
    assert Caller("192.0.2.7").subject is None
    assert Caller("192.0.2.7", Principal("ann")).subject == "ann"
