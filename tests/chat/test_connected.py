"""What operators are told of a connection."""

import msgspec

from service.chat.connected import Connected


def test_it_is_read_in_another_process_as_it_was_written():
    one = Connected("bed-7", None, 1_700_000_000_000, "192.0.2.1", "https://a.example", "Firefox", 2, 1)
    assert msgspec.json.decode(msgspec.json.encode(one), type=Connected) == one
