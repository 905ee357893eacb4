"""The HTTP routes' document."""

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from service.web.openapi import openapi


def test_the_official_validator_takes_it():
    validate(openapi())


def test_a_failure_is_an_envelope_wherever_it_comes_from():
    for path in openapi()["paths"].values():
        for operation in path.values():
            schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/FailureReply"}


def test_a_recording_says_of_which_types_it_may_be_and_a_file_may_be_of_any():
    (speech, file) = (
        openapi()["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]
        for path in ("/api/audio-to-text", "/api/files")
    )
    assert {"audio/wav", "audio/mpeg"} <= set(speech["encoding"]["file"]["contentType"].split(", "))
    assert "encoding" not in file


def test_a_request_for_speech_says_what_to_say():
    wanted = {"$ref": "#/components/schemas/SpeechRequest", "components": openapi()["components"]}
    is_valid = Draft202012Validator(wanted).is_valid
    assert is_valid({"text": "Hello"})
    assert is_valid({"message_id": "96fc2a13-4564-436c-a852-ede12dce3d16", "text": None})
    assert not any(map(is_valid, ({}, {"text": None}, {"text": " "}, {"message_id": None})))
