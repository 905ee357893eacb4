"""What a mock plays on demand."""

import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.answers.mock.scripts import SCRIPTS, after_form, fail_if_asked, find_script
from service.answers.pauses import Decision


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_found_by_its_name(name):
    assert find_script(f"/mock  {name}") is SCRIPTS[name]


@pytest.mark.parametrize("question", ["Hello", "mock help", "What is /mock help?"])
def test_another_question_has_no_script(question):
    assert find_script(question) is None


@pytest.mark.parametrize("question", ["/mock", "/mock help", "/mock nonsense", "/mock error nonsense", "/mock long 5"])
def test_help_lists_all_there_is(question):
    text = find_script(question).text
    assert [name for name, script in SCRIPTS.items() if f"- `/mock {name}`: {script.help}" not in text] == []
    assert [failure.reason for failure in failures.ALL if failure.reason not in text] == []


@pytest.mark.parametrize("failure", failures.ALL, ids=lambda failure: failure.reason)
def test_each_failure_has_its_script(failure):
    script = find_script(f"/mock error {failure.reason}")
    assert (script.failure, script.text) == (failure, "")


@pytest.mark.parametrize("words", ["/mock error quota", "mock-error-quota.pdf", "/mock error quota and more"])
def test_words_and_names_of_files_may_ask_for_a_failure(words):
    with pytest.raises(AnswerError) as asked:
        fail_if_asked(words)
    assert asked.value.failure is failures.QUOTA


@pytest.mark.parametrize("words", [None, "", "quota", "mock-error-nonsense.pdf", "my mock-error-quota.pdf"])
def test_other_words_ask_for_none(words):
    assert fail_if_asked(words) is None


def test_the_long_answer_is_one():
    assert 14_000 < len(find_script("/mock long").text) < 20_000


@pytest.mark.parametrize(("action", "title"), [("approve", "Approve"), ("maybe", "maybe")])
def test_what_was_decided_is_repeated(action, title):
    text = after_form(Decision(action, {"comment": "good", "papers": []})).text
    assert text == f'You decided: **{title}**.\n\n- comment: `"good"`\n- papers: `[]`'
