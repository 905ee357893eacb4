"""What an app wants with a question, as its parameters say it, and what of a question does not fit. No I/O.

Only what Dify is certain to refuse does not fit; what is not known here is Dify's to judge. It looks at the inputs of
each question, also amid a conversation. Source of the facts: Dify 1.13, base_app_generator.py and file_factory.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from service.answers.base import Question
from service.answers.dify.file_objects import BadFile, documented, documented_file
from service.answers.json_values import as_list, as_object, positive_int, texts_in
from service.answers.pauses import FILE_INPUTS
from service.answers.uploads import LOCAL, REMOTE, inputs_of, methods_of, takes, uploads_of

MAX_FILES = 50
"""With a question, where the app says no number."""
_BOOLEANS = {"true", "1", "yes", "on", "false", "0", "no", "off"}
Parameters = Mapping[str, Any]
Field = Mapping[str, Any]


class Misfit(NamedTuple):
    """`field` is the input's variable, or `files`; `message` names it, and says what is wrong, for people."""

    field: str
    message: str


def fitted(parameters: Parameters | None, question: Question) -> Question | Misfit:
    """The question as it is to be asked, or what of it does not fit.

    Where the parameters are not to be had, its files are checked alone, and none may be the address of one.
    """
    if parameters is not None:
        if (wrong := misfit(parameters, question)) is not None:
            return wrong
        question = completed(parameters, question)
    if not question.inputs and not question.files:
        return question
    if parameters is None:
        return only_documented(question, question.files, takes_links=False)
    files = question.files if uploads_of(parameters) is not None else []
    return only_documented(question, files, takes_links=_takes_links(parameters))


def only_documented(question: Question, files: list[dict[str, Any]], *, takes_links: bool) -> Question | Misfit:
    """With these files, which are reduced to what Dify documents as those among the inputs."""
    inputs = documented_inputs(question.inputs, takes_links=takes_links)
    if isinstance(inputs, Misfit):
        return inputs
    try:
        files = [documented_file(file, takes_links=takes_links) for file in files if file.get("transfer_method")]
    except BadFile as bad:
        return Misfit("files", f"The question's files do not fit: each {bad}.")
    return structs.replace(question, inputs=inputs, files=files)


def documented_inputs(inputs: Mapping[str, Any], *, takes_links: bool) -> dict[str, Any] | Misfit:
    """Of a question, or of a form, with each file among them reduced to what is documented."""
    reduced: dict[str, Any] = {}
    for name, value in inputs.items():
        try:
            reduced[name] = documented(value, takes_links=takes_links)
        except BadFile as bad:
            return Misfit(name, f'"{name}" {bad}.')
    return reduced


def misfit(parameters: Parameters, question: Question) -> Misfit | None:
    """The first thing in the question that Dify would refuse."""
    for kind, field in _fields(parameters):
        if problem := _problem_of_input(kind, field, question.inputs.get(field["variable"])):
            return Misfit(field["variable"], f"{_name(field)} {problem}.")
    problem = _problem_of_files(uploads_of(parameters), question.files) if question.files else None
    return Misfit("files", f"The question's files do not fit: {problem}.") if problem else None


def completed(parameters: Parameters, question: Question) -> Question:
    """With the defaults of hidden inputs that were not given: Dify wants required ones to be sent, as its pages do."""
    missing = {
        field["variable"]: field["default"]
        for _, field in _fields(parameters)
        if _has_default(field) and question.inputs.get(field["variable"]) is None
    }
    return structs.replace(question, inputs=question.inputs | missing) if missing else question


def made_up(parameters: Parameters) -> dict[str, Any] | None:
    """Some value for each required input, for a trial; None where one is a file, which cannot be made up."""
    fields = [(kind, field) for kind, field in _fields(parameters) if field.get("required")]
    if any(kind in FILE_INPUTS for kind, _ in fields):
        return None
    return {
        field["variable"]: field["default"] if _has_default(field) else _some(kind, field) for kind, field in fields
    }


def _some(kind: str, field: Field) -> Any:
    match kind:
        case "select":
            return next(iter(as_list(field.get("options"))), "")
        case "number":
            return 1
        case "checkbox":
            return True
        case "json_object":
            return {}
    return "test"[: positive_int(field.get("max_length"), 4)]


def _fields(parameters: Parameters) -> Iterator[tuple[str, Field]]:
    for kind, field in inputs_of(parameters):
        if kind in _CHECKS and isinstance(field.get("variable"), str):
            yield kind, field


def _has_default(field: Field) -> bool:
    """Of a hidden input, which nobody can be asked for."""
    return field.get("hide") is True and field.get("default") not in (None, "")


def _name(field: Field) -> str:
    label, variable = field.get("label"), field["variable"]
    return f'"{label}" ({variable})' if isinstance(label, str) and label not in {"", variable} else f'"{variable}"'


def _problem_of_input(kind: str, field: Field, value: Any) -> str | None:
    is_required = bool(field.get("required"))
    if value is None:
        return "is required" if is_required and not _has_default(field) else None
    if kind in FILE_INPUTS and value == "" and not is_required:
        return None
    return _CHECKS[kind](field, value)


def _check_text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        return "is to be a text"
    longest = positive_int(field.get("max_length"), 0)
    return f"may have {longest} characters, and has {len(value)}" if 0 < longest < len(value) else None


def _check_select(field: Field, value: Any) -> str | None:
    options = field.get("options")
    if not isinstance(value, str) or (isinstance(options, list) and value not in options):
        return f"is to be one of: {', '.join(map(str, as_list(options)))}"
    return None


def _check_number(field: Field, value: Any) -> str | None:
    if isinstance(value, int | float) or (isinstance(value, str) and (not value.strip() or _is_number(value))):
        return None
    return "is to be a number"


def _is_number(text: str) -> bool:
    try:
        float(text) if "." in text else int(text)
    except ValueError:
        return False
    return True


def _check_checkbox(field: Field, value: Any) -> str | None:
    is_known = value.strip().lower() in _BOOLEANS if isinstance(value, str) else value in (True, False)
    return None if is_known else "is to be true or false"


def _check_json(field: Field, value: Any) -> str | None:
    """An object; Dify 1.11 wants its text instead."""
    if isinstance(value, str) and value:
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            value = [value]
    return "is to be a JSON object" if value and not isinstance(value, dict) else None


def _check_file(field: Field, value: Any) -> str | None:
    return _problem_of_file(field, as_object(value))


def _check_file_list(field: Field, value: Any) -> str | None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return "is to be a list of files"
    most = positive_int(field.get("max_length"), 0)
    if 0 < most < len(value):
        return f"may have {most} files, and has {len(value)}"
    return _first_problem(field, value)


_CHECKS: dict[str, Callable[[Field, Any], str | None]] = {
    "text-input": _check_text,
    "paragraph": _check_text,
    "select": _check_select,
    "number": _check_number,
    "checkbox": _check_checkbox,
    "json_object": _check_json,
    "file": _check_file,
    "file-list": _check_file_list,
}


def _takes_links(parameters: Parameters) -> bool:
    """Whether the app takes the address of a file anywhere."""
    rules = [uploads_of(parameters), *(field for kind, field in _fields(parameters) if kind in FILE_INPUTS)]
    return any(rule is not None and takes(rule, REMOTE) for rule in rules)


def _problem_of_files(uploads: Mapping[str, Any] | None, files: list[dict[str, Any]]) -> str | None:
    if uploads is None:
        return None
    most = positive_int(uploads.get("number_limits"), MAX_FILES)
    if most < len(files):
        return f"{most} are allowed, {len(files)} came"
    problem = _first_problem(uploads, files, checks_images=True)
    return f"each {problem}" if problem and problem.startswith("needs") else problem


def _first_problem(rules: Mapping[str, Any], files: list[dict[str, Any]], *, checks_images: bool = False) -> str | None:
    """Dify leaves out of a list what has no transfer method."""
    told = [file for file in files if file.get("transfer_method")]
    return next((why for file in told if (why := _problem_of_file(rules, file, checks_images=checks_images))), None)


def _problem_of_file(rules: Mapping[str, Any], file: Mapping[str, Any], *, checks_images: bool = False) -> str | None:
    """`checks_images`: whether they are taken as uploads, too. The extensions of uploaded files are not known here."""
    try:
        given = documented_file(file)
    except BadFile as bad:
        return str(bad)
    kind, method = given["type"], given["transfer_method"]
    kinds = texts_in(rules.get("allowed_file_types"))
    if kinds and kind not in {*kinds, "custom"}:
        return f"files of type {kind} are not allowed, but {', '.join(kinds)}"
    if not takes(rules, method) and (kind != "image" or checks_images or method != LOCAL):
        return f"files are not taken as {method}, but as {', '.join(methods_of(rules))}"
    return None
