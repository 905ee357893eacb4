"""How a turn fails here."""

from service.chat import turn_failures


def test_each_has_a_reason_of_its_own_and_a_cause_for_operators():
    assert len({failure.reason for failure in turn_failures.FAILURES}) == len(turn_failures.FAILURES) == 8
    assert all(failure.cause for failure in turn_failures.FAILURES)


def test_the_longest_answer_is_said():
    assert f"{turn_failures.MAX_ANSWER_CHARACTERS:,}" in turn_failures.TOO_LONG.cause


def test_what_is_refused_says_the_failure_s_words():
    refused = turn_failures.Refused(turn_failures.RESTARTING)
    assert (str(refused), refused.failure) == (turn_failures.RESTARTING.message, turn_failures.RESTARTING)
