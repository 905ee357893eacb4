"""What a mock answer plays: `/mock` and a name show each state of a page on demand."""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from service.answers import failures
from service.answers.base import AnswerError, AppFile, Failure, Speech, Step
from service.answers.mock import audio, ids
from service.answers.pauses import Decision, Form, FormAction, FormInput

COMMAND = "/mock"
SLOW_START_SECONDS = 5
SLOW_WORDS_PER_SECOND = 2
UPLOAD = "upload"

Failures = Mapping[str, Failure]
"""What can be asked for, by its reason."""

_ERROR = re.compile(r"/?mock[ -]error[ -](\w+)")

_MARKDOWN = """\
# A heading

A paragraph with **bold**, *italic*, ~~struck~~ and `code`, and [a link](https://docs.dify.ai).

1. First
2. Second
   - nested

| Dish | Price |
| --- | ---: |
| Soup | 4.50 |
| Bread | 1.20 |

> A quote.

```python
print("Hello, 世界")
```
"""
_CITATIONS = [
    {
        "position": 1,
        "dataset_name": "House rules",
        "document_name": "visiting-hours.md",
        "score": 0.92,
        "content": "Visitors are welcome from 9 to 20 o'clock.",
    },
    {
        "position": 2,
        "dataset_name": "House rules",
        "document_name": "garden.pdf",
        "score": 0.71,
        "content": "The garden is open to everybody while it is light.",
    },
]
_SPOKEN_PIECES = 3
_FRAMES_EACH = 16  # 0.4 seconds
_SPOKEN = base64.b64encode(audio.mp3(_FRAMES_EACH)).decode()
FILE_NAME = "mock-sunrise.png"
_LONG = "\n\n".join(f"{number}. {'The quick brown fox jumps over the lazy dog. ' * 8}" for number in range(1, 41))


FORM = Form(
    content="""\
**Please look at this draft.**

{{#$output.comment#}}

How urgent is it? {{#$output.urgency#}}

A picture {{#$output.picture#}} and more papers {{#$output.papers#}} may help.
""",
    inputs=[
        FormInput("comment", "paragraph", "Looks fine."),
        FormInput("urgency", "select", options=["low", "medium", "high"]),
        FormInput("picture", "file", file_types=["image"]),
        FormInput("papers", "file-list", file_types=["document", "custom"], extensions=[".md"], max_files=3),
    ],
    actions=[FormAction("approve", "Approve", "primary"), FormAction("change", "Request changes", "default")],
    token="mock",  # noqa: S106 - no secret: a form that can be answered here has one
)


@dataclass(frozen=True, slots=True)
class Script:
    """A mock answer waits (seconds), takes steps, writes its text; then it is withdrawn, fails, pauses or ends."""

    help: str
    text: str
    wait: float = 0
    words_per_second: float | None = None
    steps: tuple[Step, ...] = ()
    speech: tuple[Speech, ...] = ()
    file: AppFile | None = None
    citations: list[Any] | None = None
    replacement: str | None = None
    failure: Failure | None = None
    form: Form | None = None


SCRIPTS = {
    "markdown": Script("headings, lists, a table, code", _MARKDOWN),
    "long": Script("an answer of some 15,000 characters", _LONG, words_per_second=200),
    "slow": Script(
        f"the first word after {SLOW_START_SECONDS} seconds, then {SLOW_WORDS_PER_SECOND} a second",
        "This answer takes its time, word by word.",
        wait=SLOW_START_SECONDS,
        words_per_second=SLOW_WORDS_PER_SECOND,
    ),
    "steps": Script(
        "what an app does on its way to the answer, as frames for who asks with events",
        "The weather is fine.",
        words_per_second=2,
        steps=(
            Step("workflow_started", "run"),
            Step("node_started", "n-1", "Agent", "agent"),
            Step("thought_started", "t-1"),
            Step("thought_finished", "t-1", content="I should look up the weather."),
            Step("tool_started", "t-1", "weather"),
            Step("tool_finished", "t-1", "weather"),
            Step("node_finished", "n-1", "Agent", "agent", "succeeded", 2500),
            Step("workflow_finished", "run", status="succeeded", duration_ms=2500),
        ),
    ),
    "speech": Script(
        "an answer that the app speaks by itself, as frames for who asks with audio",
        "This answer can be heard, too.",
        speech=(*(Speech(number, _SPOKEN) for number in range(_SPOKEN_PIECES)), Speech(_SPOKEN_PIECES, "")),
    ),
    "citations": Script(
        "an answer with its sources", "Visitors may come all day, and into the garden.", citations=_CITATIONS
    ),
    "file": Script(
        "an answer with an image that the app made",
        f"Here it is.\n\n![A sunrise](/files/{FILE_NAME})",
        file=AppFile("image", "A sunrise.png", f"/api/app-files/{FILE_NAME}", f"/files/{FILE_NAME}"),
    ),
    "empty": Script("an answer without a word", ""),
    "replaced": Script("an answer that moderation withdraws", "Words that go too far …", replacement="Withdrawn."),
    "incomplete": Script("an answer that breaks off", "This answer breaks off in the", failure=failures.BROKEN_OFF),
    "form": Script("an answer that waits for a person, with a form to fill in", "A draft first.", form=FORM),
    "error": Script("no answer; a reason may follow: /mock error quota", "", failure=failures.UNREACHABLE),
}


def fail_if_asked(words: str | None, known: Failures) -> None:
    """Raises AnswerError for a text such as `/mock error quota`, or a file name such as `mock-error-quota.pdf`."""
    asked = _ERROR.match(words or "")
    if asked is not None:
        unknown = structs.replace(failures.INVALID_INPUTS, message=_reasons(asked[1], known))
        raise AnswerError(known.get(asked[1], unknown))


def after_form(decision: Decision) -> Script:
    """What follows the form, once a person has decided."""
    title = next((action.title for action in FORM.actions if action.id == decision.action), decision.action)
    values = "\n".join(f"- {name}: `{json.dumps(value)}`" for name, value in decision.inputs.items())
    return Script("", f"You decided: **{title}**.\n\n{values}")


def takes(field: FormInput, value: Any, user: str) -> bool:
    """Whether Dify would take it: of a file only what this user uploaded, or an address."""
    match field.type:
        case "select":
            return value in field.options
        case "file":
            return isinstance(value, dict) and value.get("type") in field.file_types and is_known(value, user)
        case "file-list":
            one, most = structs.replace(field, type="file"), field.max_files or math.inf
            return isinstance(value, list) and len(value) <= most and all(takes(one, each, user) for each in value)
    return isinstance(value, str)


def is_known(file: dict[str, Any], user: str) -> bool:
    return file.get("transfer_method") == "remote_url" or ids.is_issued(file.get("upload_file_id"), UPLOAD, user)


def find_script(content: str, known: Failures) -> Script | None:
    """The script that a question asks for, or help; None if it is no command."""
    command, *words = content.split()
    if command != COMMAND:
        return None
    name, reason = (*words, "", "")[:2]
    if name == "error" and reason:
        failure = known.get(reason)
        return Script("", "" if failure else _reasons(reason, known), failure=failure)
    if name in SCRIPTS and not reason:
        return SCRIPTS[name]
    commands = "\n".join(f"- `{COMMAND} {name}`: {script.help}" for name, script in SCRIPTS.items())
    return Script("", f"Mock answers on demand:\n\n{commands}\n\nReasons: {', '.join(known)}.")


def _reasons(unknown: str, known: Failures) -> str:
    return f"There is no reason `{unknown}`. There are: {', '.join(known)}."
