"""Why a user is not believed."""

from service.admission.authentication import Reason, Unauthenticated


def test_an_error_says_its_reason_and_why():
    error = Unauthenticated(Reason.EXPIRED, "it has expired", by_close=True)
    assert str(error) == "token_expired: it has expired"
    assert (error.reason, error.why, error.by_close) == ("token_expired", "it has expired", True)
