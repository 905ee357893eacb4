"""Routes as tables."""

from service.web.operations import OPERATIONS
from service.web.route_tables import routes, shapes
from tests.conftest import ROOT

ROUTES = routes()


def test_each_operation_is_a_route_with_an_anchor_of_its_own():
    assert [(it.method.lower(), it.path) for it in ROUTES.values()] == [(it.method, it.path) for it in OPERATIONS]
    assert all(anchor == it.anchor for anchor, it in ROUTES.items())


def test_each_route_has_its_place_on_the_page():
    template = (ROOT / "templates/docs/route_sections.html").read_text()
    assert [anchor for anchor in ROUTES if template.count(f'route("{anchor}")') != 1] == []


def test_a_parameter_says_what_it_is_and_where_it_goes():
    (client_id,) = ROUTES["post-api-admin-connections-client-id-close"].parameters
    assert (client_id.type, client_id.need) == ("string, in the path", "required")
    (message_id,) = ROUTES["get-api-messages-message-id-suggested"].parameters
    assert message_id.type == "uuid, in the path"


def test_a_route_says_who_may_ask_and_what_goes_in_and_comes_out():
    speech = ROUTES["post-api-text-to-audio"]
    assert (speech.who, speech.body, speech.reply) == (
        "whoever holds a token",
        "SpeechRequest",
        "audio/mpeg, audio/wav",
    )
    assert ROUTES["get-api-messages-message-id-suggested"].reply == "array of strings"
    upload = ROUTES["post-api-files"]
    assert (upload.body, upload.parameters[0].name) == ("a form with a part file", "Continuation")
    assert ROUTES["get-ready"].who == "anybody or operators"


def test_whatever_a_route_names_is_shown():
    names = {shape.name for shape in shapes()}
    assert {route.reply for route in ROUTES.values()} >= {"App", "HealthData", "ReadyData"}
    assert {"App", "SpeechRequest", "FailureReply"} <= names


def test_a_shape_says_of_its_fields_what_they_are_and_which_are_there_always():
    (app,) = [shape for shape in shapes() if shape.name == "App"]
    rows = {row.name: row for row in app.rows}
    assert (rows["name"].need, rows["stale"].need, rows["speech_to_text"].type) == ("required", "false", "boolean")
    assert all(row.meaning for shape in shapes() for row in shape.rows)
