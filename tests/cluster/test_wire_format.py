"""What goes through Redis."""

import msgspec

from service.answers.base import Text
from service.cluster import wire_format
from service.cluster.wire_format import Joined


def test_what_only_another_version_knows_is_left_out():
    newer = msgspec.json.encode([{"type": "Text", "content": "a"}, {"type": "Smell"}, {"type": "Text", "content": "b"}])
    assert wire_format.decode_entries(newer) == [Text("a"), Text("b")]
    assert wire_format.decode_command(b'{"type": "Dance", "key": "k"}') is None
    assert wire_format.decode_command(wire_format.encode(Joined("k", "p"))) == Joined("k", "p")
