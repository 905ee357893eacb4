"""Frames as tables."""

import re

from service.web.frame_tables import frame_sections, frame_shapes
from tests.conftest import ROOT

NAMES = re.compile(r"\b[A-Z]\w+\b(?!-)").findall


def rows(anchor):
    return {row.name: row for row in frame_sections()[anchor].rows}


def test_a_field_has_its_type_and_its_need():
    chat = rows("client-chat")
    assert (chat["content"].type, chat["content"].need) == ("string", "required")
    assert (chat["stream"].type, chat["stream"].need) == ("boolean", "false")
    assert chat["conversation_id"].type == "string of up to 64 characters, null"
    assert rows("client-resume")["offset"].type == "integer from 0"


def test_each_type_that_a_frame_has_is_shown_and_each_of_its_fields_told():
    shapes = {shape.name: shape.rows for shape in frame_shapes()}
    rows = [row for section in frame_sections().values() for row in section.rows]
    used = {name for row in [*rows, *(row for each in shapes.values() for row in each)] for name in NAMES(row.type)}
    assert used == {*shapes}
    assert all(row.meaning for rows in shapes.values() for row in rows)


def test_client_and_service_have_a_chat_each():
    assert frame_sections()["client-chat"].type == frame_sections()["server-chat"].type == "chat"


def test_each_frame_has_its_place_on_the_page():
    template = (ROOT / "templates/docs/frame_sections.html").read_text()
    assert [anchor for anchor in frame_sections() if template.count(f'frame("{anchor}")') != 1] == []
