"""What of a question an app does not take, by its parameters."""

import pytest

from service.answers.base import Question
from service.answers.dify.question_rules import MAX_FILES, Misfit, completed, fitted, made_up, misfit

UPLOAD = "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11"
FILE = {"type": "image", "transfer_method": "local_file", "upload_file_id": UPLOAD}
LINK = {"type": "document", "transfer_method": "remote_url", "url": "https://example.com/a.pdf"}
OWN = {"type": "video", "transfer_method": "tool_file", "tool_file_id": UPLOAD}


def app(kind, *, variable="x", **field):
    return {"user_input_form": [{kind: {"variable": variable, "label": "The X", "required": False, **field}}]}


def asked(value=None, files=(), **inputs):
    return Question("Hi", "user", inputs=({} if value is None else {"x": value}) | inputs, files=list(files))


FITS = [
    ("text-input", {"max_length": 3}, "äöü"),
    ("text-input", {"max_length": None}, "long enough"),
    ("text-input", {"required": True}, ""),
    ("paragraph", {}, "a\nb"),
    ("select", {"options": ["a", "b"]}, "a"),
    ("select", {"options": None}, "anything"),
    ("number", {}, 5),
    ("number", {}, 5.5),
    ("number", {}, "5"),
    ("number", {}, "-5.5"),
    ("number", {}, " "),
    ("checkbox", {}, True),
    ("checkbox", {}, 0),
    ("checkbox", {}, "Yes"),
    ("json_object", {}, {"a": 1}),
    ("json_object", {}, '{"a": 1}'),
    ("json_object", {}, {}),
    ("json_object", {}, ""),
    ("file", {}, FILE),
    ("file", {}, LINK),
    ("file", {}, ""),
    ("file", {"allowed_file_types": ["image"]}, FILE | {"type": "custom"}),
    ("file", {"allowed_file_upload_methods": ["remote_url"]}, FILE),  # Dify looks at the method of others than images
    ("file", {}, {"transfer_method": "local_file", "upload_file_id": UPLOAD}),
    ("file-list", {"max_length": 2}, [FILE, LINK]),
    ("file-list", {"required": True}, []),
    ("file-list", {}, ""),
    ("file-list", {}, [{}]),
    ("external_data_tool", {"required": True}, None),
    ("new-kind", {"required": True}, None),
]


@pytest.mark.parametrize(("kind", "field", "value"), FITS)
def test_what_dify_takes_fits(kind, field, value):
    assert misfit(app(kind, **field), asked(value)) is None


NO_FILE = "needs to be a file: type, transfer_method, and upload_file_id or url"
MISFITS = [
    ("text-input", {"required": True}, None, "is required"),
    ("checkbox", {"required": True}, None, "is required"),
    ("file", {"required": True}, None, "is required"),
    ("text-input", {}, 5, "is to be a text"),
    ("text-input", {"max_length": 3}, "four", "may have 3 characters, and has 4"),
    ("paragraph", {"max_length": "3"}, "four", "may have 3 characters, and has 4"),
    ("select", {"options": ["a", "b"]}, "c", "is to be one of: a, b"),
    ("select", {"options": ["a"]}, ["a"], "is to be one of: a"),
    ("number", {}, "five", "is to be a number"),
    ("number", {}, "1.2.3", "is to be a number"),
    ("number", {}, [5], "is to be a number"),
    ("checkbox", {}, "perhaps", "is to be true or false"),
    ("checkbox", {}, 2, "is to be true or false"),
    ("checkbox", {}, {}, "is to be true or false"),
    ("json_object", {}, [1], "is to be a JSON object"),
    ("json_object", {}, "no JSON", "is to be a JSON object"),
    ("json_object", {}, "[1]", "is to be a JSON object"),
    ("file", {"required": True}, "", NO_FILE),
    ("file", {}, [FILE], NO_FILE),
    ("file", {}, {}, NO_FILE),
    ("file", {}, OWN, NO_FILE),
    ("file", {}, {"type": "image", "transfer_method": "local_file", "reference": "a reference"}, NO_FILE),
    ("file", {}, FILE | {"transfer_method": "pigeon"}, NO_FILE),
    ("file", {}, LINK | {"url": "ftp://example.com/a.pdf"}, NO_FILE),
    (
        "file",
        {"allowed_file_upload_methods": ["local_file"]},
        LINK | {"type": "image"},
        "files are not taken as remote_url, but as local_file",
    ),
    ("file", {}, FILE | {"type": "smell"}, NO_FILE),
    ("file", {}, FILE | {"type": ["image"]}, NO_FILE),
    ("file", {}, FILE | {"transfer_method": ["local_file"]}, NO_FILE),
    ("file", {}, FILE | {"transfer_method": {"a": 1}}, NO_FILE),
    ("file", {}, FILE | {"upload_file_id": "no uuid"}, NO_FILE),
    ("file", {}, FILE | {"upload_file_id": None}, NO_FILE),
    ("file", {"allowed_file_types": ["audio", "video"]}, FILE, "files of type image are not allowed, but audio, video"),
    (
        "file",
        {"allowed_file_upload_methods": ["local_file"]},
        LINK,
        "files are not taken as remote_url, but as local_file",
    ),
    ("file", {"allowed_file_types": [{"a": 1}, "audio"]}, FILE, "files of type image are not allowed, but audio"),
    ("file-list", {}, FILE, "is to be a list of files"),
    ("file-list", {}, [FILE, "a"], "is to be a list of files"),
    ("file-list", {"max_length": 1}, [FILE, FILE], "may have 1 files, and has 2"),
    ("file-list", {"allowed_file_types": ["audio"]}, [FILE], "files of type image are not allowed, but audio"),
]


@pytest.mark.parametrize(("kind", "field", "value", "words"), MISFITS)
def test_what_dify_would_refuse_is_said_with_the_name_of_the_input(kind, field, value, words):
    wrong = misfit(app(kind, **field), asked(value))
    assert wrong == ("x", f'"The X" (x) {words}.')


@pytest.mark.parametrize("label", ["x", "", None])
def test_an_input_without_a_label_of_its_own_goes_by_its_variable(label):
    assert misfit(app("text-input", label=label, required=True), asked()).message == '"x" is required.'


def test_the_first_misfit_is_told():
    inputs = app("number")["user_input_form"] + app("text-input", variable="y", required=True)["user_input_form"]
    parameters = {"user_input_form": inputs}
    assert misfit(parameters, asked("no number")).field == "x"
    assert misfit(parameters, asked(5)).field == "y"
    assert misfit(parameters, asked(5, y="here", z="unknown")) is None


def test_a_default_stands_for_what_is_missing_and_is_sent():
    hidden = app("text-input", required=True, hide=True, default="ward 7")
    assert misfit(hidden, asked()) is None
    assert completed(hidden, asked()).inputs == {"x": "ward 7"}
    assert completed(hidden, asked("ward 8")).inputs == {"x": "ward 8"}
    assert made_up(hidden) == {"x": "ward 7"}


@pytest.mark.parametrize("field", [{"default": "a"}, {"hide": True, "default": ""}, {"hide": False, "default": "a"}])
def test_no_other_default_is_sent(field):
    question = asked()
    assert completed(app("text-input", **field), question) is question
    assert misfit(app("text-input", required=True, **field), question).message.endswith("is required.")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("text-input", {}, "test"),
        ("paragraph", {"max_length": 2}, "te"),
        ("select", {"options": ["a", "b"]}, "a"),
        ("number", {}, 1),
        ("checkbox", {}, True),
        ("json_object", {}, {}),
    ],
)
def test_for_a_trial_what_is_required_can_be_made_up(kind, field, value):
    parameters = app(kind, required=True, **field)
    assert made_up(parameters) == {"x": value}
    assert misfit(parameters, asked(value)) is None


def test_what_is_not_required_is_left_out_and_files_cannot_be_made_up():
    assert made_up(app("text-input")) == made_up(app("file")) == {}
    assert made_up(app("file", required=True)) is None


FORMS = [None, "text", [5], [{}], [{"text-input": None}], [{"text-input": {"required": True}}]]


@pytest.mark.parametrize("form", FORMS)
def test_parameters_of_another_shape_ask_for_nothing(form):
    assert misfit({"user_input_form": form, "file_upload": form}, asked(files=[FILE])) is None


UPLOADS = {
    "enabled": True,
    "number_limits": 2,
    "allowed_file_types": ["image", "document"],
    "allowed_file_upload_methods": ["local_file"],
}


@pytest.mark.parametrize("files", [[], [FILE], [FILE, FILE | {"type": "document"}], [{"type": "image"}]])
def test_files_that_the_app_takes_fit(files):
    assert misfit({"file_upload": UPLOADS}, asked(files=files)) is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([FILE] * 3, "2 are allowed, 3 came"),
        ([FILE, FILE | {"type": "audio"}], "files of type audio are not allowed, but image, document"),
        ([LINK], "files are not taken as remote_url, but as local_file"),
        ([LINK | {"type": "image"}], "files are not taken as remote_url, but as local_file"),
        ([FILE | {"upload_file_id": "?"}], f"each {NO_FILE}"),
        ([OWN], f"each {NO_FILE}"),
    ],
)
def test_other_files_do_not(files, words):
    wrong = misfit({"file_upload": UPLOADS}, asked(files=files))
    assert wrong == ("files", f"The question's files do not fit: {words}.")


def test_where_uploads_are_off_dify_takes_no_notice_of_files_and_gets_none():
    off = {"file_upload": UPLOADS | {"enabled": False}}
    assert misfit(off, asked(files=[LINK] * 9)) is None
    assert fitted(off, asked(files=[LINK] * 9)).files == []


def test_uploads_without_limits_take_many():
    assert misfit({"file_upload": {"enabled": True}}, asked(files=[FILE, LINK])) is None
    assert misfit({"file_upload": {"enabled": True}}, asked(files=[FILE] * (MAX_FILES + 1))).field == "files"


def test_the_older_form_of_the_rules_counts_too():
    image = {"enabled": True, "number_limits": 1, "transfer_methods": ["local_file"]}
    older = {"file_upload": {"image": image}}
    assert fitted(older, asked(files=[FILE])).files == [FILE]
    assert misfit(older, asked(files=[FILE, FILE])).message.endswith("1 are allowed, 2 came.")
    assert "remote_url" in misfit(older, asked(files=[LINK | {"type": "image"}])).message
    assert "not allowed" in misfit(older, asked(files=[FILE | {"type": "audio"}])).message


ANY = {"file_upload": {"enabled": True}}
ODD = FILE | {"upload_file_id": f"{{{UPLOAD.upper()}}}", "url": "http://169.254.169.254", "tool_file_id": "x"}


def test_only_what_is_documented_of_a_file_is_sent_on():
    question = asked(
        [[ODD], {"a": ODD, "b": 5}], files=[ODD, {"type": "image"}, LINK | {"remote_url": "http://x.example"}]
    )
    sent = fitted(ANY, question)
    assert sent.files == [FILE, LINK]
    assert sent.inputs == {"x": [[FILE], {"a": FILE, "b": 5}]}


@pytest.mark.parametrize(
    "value", [OWN, [OWN], {"a": [[OWN]]}, [FILE | {"upload_file_id": "?"}], LINK | {"url": "file:///"}]
)
def test_what_looks_like_a_file_anywhere_in_the_inputs_has_to_be_one(value):
    wrong = fitted(ANY, asked(value))
    assert isinstance(wrong, Misfit)
    assert wrong.field == "x"


def test_other_objects_are_nobody_s_file():
    value = {"transfer_method": "by horse", "elements": [{"transfer_method": None}], "constructor": "x"}
    assert fitted(ANY, asked(value)).inputs == {"x": value}


def test_an_address_goes_only_where_the_app_takes_one():
    no_links = {"file_upload": UPLOADS}
    assert fitted(no_links, asked([LINK])).field == "x"
    assert fitted(None, asked(files=[LINK])).field == "files"
    assert fitted(None, asked(files=[FILE])).files == [FILE]
    links = no_links | app("file", variable="y", allowed_file_upload_methods=["remote_url"])
    assert fitted(links, asked([LINK])).inputs == {"x": [LINK]}


def test_a_question_that_does_not_fit_is_not_completed_and_one_without_files_and_inputs_stays_as_it_is():
    assert fitted(app("text-input", variable="y", required=True), asked("?")).field == "y"
    plain = Question("Hi", "user")
    assert fitted(ANY, plain) is plain
