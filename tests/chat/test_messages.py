"""What all messages have in common."""

import time

from service.chat.messages import now_ms


def test_now_ms_is_unix_milliseconds():
    before = time.time()
    assert before * 1000 - 1 < now_ms() < time.time() * 1000 + 1
