"""Paused runs that go on."""

from service.answers.pauses import Continuation, Decision, PausedRun

RUN = PausedRun("r", form_token="t")


def test_the_same_continuation_is_recognized_and_no_other():
    first = Continuation(RUN, "user", Decision("yes", {"a": 1, "b": 2}))
    assert Continuation(RUN, "user", Decision("yes", {"b": 2, "a": 1}), steps=True).content == first.content
    others = [
        Continuation(RUN, "user"),
        Continuation(RUN, "user", Decision("no", {"a": 1, "b": 2})),
        Continuation(RUN, "user", Decision("yes", {"a": 1})),
        Continuation(PausedRun("r", form_token="t2"), "user", Decision("yes", {"a": 1, "b": 2})),
    ]
    assert len({each.content for each in (first, *others)}) == 5
