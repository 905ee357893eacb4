"""Forms, whatever of them is missing."""

import json

import pytest

from service.answers.dify.forms import form_of, form_of_pause, is_incomplete
from service.answers.pauses import Form, FormAction, FormInput
from tests import recordings

APPROVAL = Form(
    "Please approve: [n=3] please\n\n{{#$output.comment#}}",
    [FormInput("comment", "paragraph", "fine")],
    [FormAction("approve", "Approve", "primary"), FormAction("reject", "Reject", "default")],
)


def test_the_form_route_of_a_real_dify():
    form = form_of(json.loads(recordings.load("1.14/9_hitl_2_form_get").body))
    assert form == Form(APPROVAL.content, APPROVAL.inputs, APPROVAL.actions, expires_at=1795784253000)


@pytest.mark.parametrize("missing", [{}, {"inputs": None, "actions": None, "form_content": None, "form_token": ""}])
def test_any_field_may_be_missing(missing):
    assert form_of(missing) == Form()


@pytest.mark.parametrize(
    "odd",
    [
        {"inputs": "comment", "actions": [None, 5, {}]},
        {"inputs": [{"type": "paragraph"}, [], None], "expiration_time": "soon"},
        {"expiration_time": float("nan"), "resolved_default_values": []},
        {"expiration_time": True, "form_content": None},
        {"expiration_time": 2**80},
    ],
)
def test_fields_of_another_shape_are_left_out(odd):
    assert form_of(odd) == Form()


def test_a_default_may_come_from_a_variable():
    data = {
        "inputs": [
            {"output_variable_name": "name", "type": "text-input", "default": {"type": "variable", "selector": ["a"]}},
            {"output_variable_name": "note", "type": "paragraph", "default": {"type": "variable", "value": "x"}},
        ],
        "resolved_default_values": {"name": "Ann"},
    }
    assert [field.default for field in form_of(data).inputs] == ["Ann", None]


def test_of_several_forms_the_first_that_can_be_submitted_is_taken():
    by_email, here = {"form_id": "1", "form_content": "a"}, {"form_id": "2", "form_content": "b", "form_token": "t"}
    assert form_of_pause({"reasons": [{"TYPE": "other"}, by_email, here]}).token == "t"
    assert form_of_pause({"reasons": [by_email]}) == Form("a")
    assert form_of_pause({"reasons": [{"TYPE": "other"}]}) is None
    assert form_of_pause({}) is None


def test_choices_and_files_say_what_they_take():
    """As in Dify's description of its form route."""
    select = {"type": "select", "output_variable_name": "p", "option_source": {"type": "constant", "value": ["low"]}}
    files = {"type": "file-list", "output_variable_name": "f", "allowed_file_types": ["custom"], "number_limits": 5}
    form = form_of({"inputs": [select, files | {"allowed_file_extensions": [".md"]}]})
    assert form.inputs == [
        FormInput("p", "select", options=["low"]),
        FormInput("f", "file-list", file_types=["custom"], extensions=[".md"], max_files=5),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"option_source": "low", "number_limits": 0},
        {"option_source": {"value": "low"}, "number_limits": "5"},
        {"option_source": {"value": [5, None]}, "allowed_file_types": None, "allowed_file_extensions": 5},
    ],
)
def test_choices_of_another_shape_are_left_out(odd):
    field = {"type": "select", "output_variable_name": "p"} | odd
    assert form_of({"inputs": [field]}).inputs == [FormInput("p", "select")]


@pytest.mark.parametrize(
    ("form", "incomplete"),
    [
        (APPROVAL, False),
        (Form(), True),
        (Form(inputs=APPROVAL.inputs), True),
        (Form(inputs=[FormInput("p", "select")], actions=APPROVAL.actions), True),
        (Form(inputs=[FormInput("p", "select", options=["low"])], actions=APPROVAL.actions), False),
    ],
)
def test_a_form_without_ways_to_decide_or_choose_is_incomplete(form, incomplete):
    assert is_incomplete(form) is incomplete
