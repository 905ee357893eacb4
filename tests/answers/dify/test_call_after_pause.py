"""A form that is submitted when the events of its run are subscribed to, over real sockets."""

import pytest

from service.answers import failures
from service.answers.base import AnswerError, Text
from tests.conftest import logged
from tests.continuing import DRAFT, YES, kept, parts_of
from tests.fake_workflows import asking_human


@pytest.mark.parametrize(("lost", "reason"), [(None, "lost"), (502, "bad_gateway"), (504, "bad_gateway")])
async def test_a_submission_whose_reply_was_lost_is_tried_again(answerer, begin, dify, events, lost, reason):
    run = await begin(asking_human(DRAFT, token="t0", after=("Yes.",)))
    dify.workflows.lost_replies = [lost]
    assert Text("Yes.") in await parts_of(answerer, kept(run), YES)
    assert [event["reason"] for event in logged(events, "dify.form_uncertain")] == [reason]
    assert len(dify.workflows.submissions) == 1


@pytest.mark.parametrize(("lost", "failure"), [(None, failures.LOST), (502, failures.BAD_GATEWAY)])
async def test_a_second_loss_is_a_failure(answerer, begin, dify, lost, failure):
    run = await begin(asking_human(DRAFT, token="t0"))
    dify.workflows.lost_replies = [lost, lost]
    with pytest.raises(AnswerError) as caught:
        await parts_of(answerer, kept(run), YES)
    assert caught.value.failure is failure
