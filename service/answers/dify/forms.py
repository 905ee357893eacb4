"""The forms of human-input nodes, as Dify's events and its form route say them. No I/O.

Any field may be missing, null or of another type. Source of the facts: recordings of Dify 1.14.2.
"""

import math
from collections.abc import Mapping
from typing import Any

from service.answers.json_values import as_object, objects_in, texts_in
from service.answers.pauses import Form, FormAction, FormInput

_YEAR_10000 = 253_402_300_800


def form_of(data: Mapping[str, Any]) -> Form:
    """Of a `human_input_required` event, of a reason in `workflow_paused`, or of the form route's reply."""
    defaults = as_object(data.get("resolved_default_values"))
    actions = objects_in(data.get("actions") or data.get("user_actions"))
    return Form(
        content=_text(data.get("form_content")),
        inputs=[_input(item, defaults) for item in objects_in(data.get("inputs")) if item.get("output_variable_name")],
        actions=[_action(item) for item in actions if item.get("id")],
        expires_at=_milliseconds(data.get("expiration_time")),
        token=_text(data.get("form_token")) or None,
    )


def form_of_pause(data: Mapping[str, Any]) -> Form | None:
    """Of `workflow_paused`."""
    return next_form([form_of(reason) for reason in objects_in(data.get("reasons")) if _is_form(reason)])


def next_form(forms: list[Form]) -> Form | None:
    """Where several wait, the first that can be submitted."""
    return next((form for form in forms if form.token), forms[0] if forms else None)


def is_incomplete(form: Form) -> bool:
    """Whether its route knows more: candidates of 1.14 left fields out, and options may come from a variable."""
    return not form.actions or any(field.type == "select" and not field.options for field in form.inputs)


def _is_form(reason: Mapping[str, Any]) -> bool:
    return "form_id" in reason or "form_content" in reason


def _input(item: Mapping[str, Any], resolved: Mapping[str, Any]) -> FormInput:
    name = _text(item["output_variable_name"])
    default = item.get("default")
    if isinstance(default, dict):  # {"type": "constant" or "variable", "selector", "value"}
        default = default.get("value") if default.get("type") != "variable" else None
    limit = item.get("number_limits")
    return FormInput(
        name,
        _text(item.get("type")),
        resolved.get(name, default),
        options=texts_in(as_object(item.get("option_source")).get("value")),
        file_types=texts_in(item.get("allowed_file_types")),
        extensions=texts_in(item.get("allowed_file_extensions")),
        max_files=limit if isinstance(limit, int) and limit > 0 else None,
    )


def _action(item: Mapping[str, Any]) -> FormAction:
    name = _text(item["id"])
    return FormAction(name, _text(item.get("title")) or name, _text(item.get("button_style")))


def _milliseconds(seconds: Any) -> int | None:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds)
    return round(seconds * 1000) if is_number and 0 < seconds < _YEAR_10000 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
