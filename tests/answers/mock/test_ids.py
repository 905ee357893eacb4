"""Ids that say by themselves whether they were issued."""

from uuid import UUID

import pytest

from service.answers.mock.ids import is_issued, issue


def test_an_id_is_a_uuid_of_version_4_and_each_is_another():
    first, second = issue("upload", "ann"), issue("upload", "ann")
    assert str(UUID(first)) == first != second
    assert UUID(first).version == 4


def test_it_is_that_user_s_and_of_that_kind():
    id_ = issue("upload", "ann")
    assert is_issued(id_, "upload", "ann")
    assert is_issued(id_.upper(), "upload", "ann")
    assert not is_issued(id_, "upload", "bob")
    assert not is_issued(id_, "conversation", "ann")


@pytest.mark.parametrize("made_up", ["5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11", "abc", "", None, 5])
def test_what_somebody_made_up_was_not_issued(made_up):
    assert not is_issued(made_up, "upload", "ann")
