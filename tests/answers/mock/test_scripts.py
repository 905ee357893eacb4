"""What a mock plays on demand."""

import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.mock import ids
from service.answers.mock.scripts import FORM, SCRIPTS, UPLOAD, after_form, fail_if_asked, find_script, takes
from service.answers.pauses import Decision

KNOWN = {failure.reason: failure for failure in failures.ALL}


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_found_by_its_name(name):
    assert find_script(f"/mock  {name}", KNOWN) is SCRIPTS[name]


@pytest.mark.parametrize("question", ["Hello", "mock help", "What is /mock help?"])
def test_another_question_has_no_script(question):
    assert find_script(question, KNOWN) is None


@pytest.mark.parametrize("question", ["/mock", "/mock help", "/mock nonsense", "/mock long 5"])
def test_help_lists_all_there_is(question):
    text = find_script(question, KNOWN).text
    assert [name for name, script in SCRIPTS.items() if f"- `/mock {name}`: {script.help}" not in text] == []
    assert [failure.reason for failure in failures.ALL if failure.reason not in text] == []


@pytest.mark.parametrize("failure", failures.ALL, ids=lambda failure: failure.reason)
def test_each_failure_has_its_script(failure):
    script = find_script(f"/mock error {failure.reason}", KNOWN)
    assert (script.failure, script.text) == (failure, "")


@pytest.mark.parametrize("words", ["/mock error quota", "mock-error-quota.pdf", "/mock error quota and more"])
def test_words_and_names_of_files_may_ask_for_a_failure(words):
    with pytest.raises(AnswerError) as asked:
        fail_if_asked(words, KNOWN)
    assert asked.value.failure is failures.QUOTA


@pytest.mark.parametrize("words", [None, "", "quota", "my mock-error-quota.pdf"])
def test_other_words_ask_for_none(words):
    assert fail_if_asked(words, KNOWN) is None


@pytest.mark.parametrize("words", ["/mock error nonsense", "mock-error-nonsense.pdf"])
def test_a_reason_that_there_is_not_is_an_error_that_says_which_there_are(words):
    with pytest.raises(AnswerError) as asked:
        fail_if_asked(words, KNOWN)
    failure = asked.value.failure
    assert (failure.reason, failure.code) == ("invalid_inputs", failures.INVALID_INPUTS.code)
    assert failure.message.startswith("There is no reason `nonsense`. There are: name_not_found, unreachable,")


def test_nor_is_it_an_answer_like_any_other():
    script = find_script("/mock error nonsense", KNOWN)
    assert script.text.startswith("There is no reason `nonsense`. There are: name_not_found, unreachable,")


def file(kind, upload=None, **fields):
    upload = upload or ids.issue(UPLOAD, "ann")
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": upload} | fields


LINK = {"type": "document", "transfer_method": "remote_url", "url": "https://example.com/a.md"}


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("comment", "", True), ("comment", 5, False),
        ("urgency", "high", True), ("urgency", "soon", False), ("urgency", "", False), ("urgency", None, False),
        ("picture", file("image"), True), ("picture", "a picture", False), ("picture", None, False),
        ("picture", file("document"), False), ("picture", file("image", ids.issue(UPLOAD, "bob")), False),
        ("picture", file("image", "abc"), False), ("picture", file("image", upload_file_id=5), False),
        ("papers", [], True), ("papers", [file("document"), LINK], True), ("papers", "none", False),
        ("papers", [LINK] * 3, True), ("papers", [LINK] * 4, False), ("papers", [LINK, "a.md"], False),
    ],
)  # fmt: skip
def test_a_field_takes_what_dify_would(name, value, is_taken):
    (field,) = [field for field in FORM.inputs if field.name == name]
    assert takes(field, value, "ann") is is_taken


def test_the_long_answer_is_one():
    assert 14_000 < len(find_script("/mock long", KNOWN).text) < 20_000


@pytest.mark.parametrize(("action", "title"), [("approve", "Approve"), ("maybe", "maybe")])
def test_what_was_decided_is_repeated(action, title):
    text = after_form(Decision(action, {"comment": "good", "papers": []})).text
    assert text == f'You decided: **{title}**.\n\n- comment: `"good"`\n- papers: `[]`'
