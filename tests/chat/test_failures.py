"""How a turn fails here."""

from service.chat import failures


def test_each_has_a_reason_of_its_own_and_a_cause_for_operators():
    assert len({failure.reason for failure in failures.FAILURES}) == len(failures.FAILURES) == 8
    assert all(failure.cause for failure in failures.FAILURES)


def test_the_longest_answer_is_said():
    assert f"{failures.MAX_ANSWER_CHARACTERS:,}" in failures.TOO_LONG.cause


def test_what_is_refused_says_the_failure_s_words():
    refused = failures.Refused(failures.RESTARTING)
    assert (str(refused), refused.failure) == (failures.RESTARTING.message, failures.RESTARTING)
