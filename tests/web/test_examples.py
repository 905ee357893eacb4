"""An example of a route: a line of curl, and what it is told."""

from service.answers.failures import TOO_LARGE
from service.result_codes import ResultCode
from service.web.examples import Example, curl, fails, fails_by, ok, page


def test_each_option_stands_on_a_line_of_its_own():
    assert curl("/health", "-X DELETE", "-L") == "curl localhost:8000/health \\\n  -X DELETE \\\n  -L"


def test_what_is_sent_goes_as_json_and_stands_in_the_schema_too():
    example = ok("/rate", data=None, sent={"rating": None})
    assert example.curl.endswith('-H "Content-Type: application/json" \\\n  -d \'{"rating": null}\'')
    assert (example.sent, example.reply["data"]) == ({"rating": None}, None)


def test_a_failure_has_the_status_of_its_code_and_dify_s_a_reason():
    example = fails("/rate", code=ResultCode.PARAMETER_ERROR)
    assert (example.status, example.reply) == (400, {"code": 10000, "message": "Parameter error", "data": None})
    assert fails_by(TOO_LARGE, "/files").reply["data"] == {"reason": "too_large"}


def test_a_reply_is_shown_as_json_or_as_it_is_or_not_at_all():
    assert Example("curl", {"a": [1]}).text == '{\n  "a": [\n    1\n  ]\n}'
    assert Example("curl", "a 1.0", media="text/plain").text == "a 1.0"
    assert page("/chat").success.text == ""
