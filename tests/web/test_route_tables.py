"""Routes as tables."""

from service.web.openapi import OPERATIONS
from service.web.route_tables import routes, shapes

ROUTES = {route.anchor: route for route in routes()}


def test_each_operation_is_a_route_with_an_anchor_of_its_own():
    assert len(ROUTES) == len(routes()) == len(OPERATIONS)


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
    assert {route.reply for route in routes()} >= {"App", "HealthData", "ReadyData"}
    assert {"App", "SpeechRequest", "FailureReply"} <= names


def test_a_shape_says_of_its_fields_what_they_are_and_which_are_there_always():
    (app,) = [shape for shape in shapes() if shape.name == "App"]
    rows = {row.name: row for row in app.rows}
    assert (rows["name"].need, rows["stale"].need, rows["speech_to_text"].type) == ("required", "false", "boolean")
    assert all(row.meaning for shape in shapes() for row in shape.rows)
