"""Frames as tables."""

from service.web.frame_tables import frame_sections
from tests.conftest import ROOT


def rows(anchor):
    return {row.name: row for row in frame_sections()[anchor].rows}


def test_a_field_has_its_type_and_its_need():
    chat = rows("client-chat")
    assert (chat["content"].type, chat["content"].need) == ("string", "required")
    assert (chat["stream"].type, chat["stream"].need) == ("boolean", "false")
    assert chat["conversation_id"].type == "string of up to 64 characters, null"
    assert rows("client-resume")["offset"].type == "integer from 0"


def test_client_and_service_have_a_chat_each():
    assert frame_sections()["client-chat"].type == frame_sections()["server-chat"].type == "chat"


def test_each_frame_has_its_place_on_the_page():
    template = (ROOT / "templates/docs/frame_sections.html").read_text()
    assert [anchor for anchor in frame_sections() if template.count(f'frame("{anchor}")') != 1] == []
