"""The table of result codes."""

from service.result_codes import ResultCode


def test_a_status_that_the_table_lacks_is_an_unknown_error():
    assert ResultCode.of_status(418) is ResultCode.UNKNOWN_ERROR
