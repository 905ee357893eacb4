"""The table of failures."""

from service.answers import failures


def test_reasons_are_unique():
    assert len({failure.reason for failure in failures.ALL}) == len(failures.ALL) >= 20
