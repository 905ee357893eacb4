"""An answer on its way to one client, who takes it at once, late or not at all."""

import asyncio

import pytest

from service.answers.base import Question, Queued, Replacement, Step, Text
from service.chat.cluster import SingleProcess
from service.chat.delivery import Delivery
from service.chat.seal import Seal
from service.chat.server_messages import System
from service.chat.turn_failures import TURN_UNREACHABLE
from service.chat.turn_registry import TurnRegistry
from tests.chat.followed import followed_turn
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted


class Client:
    """Keeps the frames it took. It takes none at once while it `is_slow`, and while `gate` is closed, none at all."""

    def __init__(self):
        self.frames = []
        self.written = 0
        self.is_slow = False
        self.is_gone = False
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def deltas(self):
        return [(frame.offset, frame.content) for frame in self.frames if hasattr(frame, "offset")]

    def write(self, frame):
        if self.is_slow or self.is_gone:
            return False
        self.written += 1
        self.frames.append(frame)
        return True

    async def send(self, frame):
        await self.gate.wait()
        if not self.is_gone:
            self.frames.append(frame)
        return not self.is_gone


@pytest.fixture
async def deliver():
    """Start a turn on a script, and its delivery."""
    source = Scripted(ends=False)
    turns = TurnRegistry(source, SingleProcess(), Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS)
    deliveries = []

    async def deliver(client, offset=0, *, stream=True):
        turn = turns.get("owner", "t") or turns.start("owner", "t", Question("Hi", "user"))
        deliveries.append(asyncio.create_task(Delivery(turn, client, Seal(), offset if stream else None).run()))
        await asyncio.sleep(0)  # it has begun
        return source, turn, deliveries[-1]

    yield deliver
    for delivery in deliveries:
        delivery.cancel()
    await asyncio.gather(*deliveries, return_exceptions=True)
    await turns.close()


async def say(source, turn, *texts):
    source.put(*map(Text, texts))
    await eventually(lambda: turn.text.endswith(texts[-1]))


async def test_each_text_is_written_in_the_moment_it_comes(deliver):
    source, turn, delivery = await deliver(client := Client())
    for text in ("one ", "two ", "three"):
        await say(source, turn, text)
        assert client.deltas[-1][1] == text
    source.put(None)
    await delivery
    assert client.deltas == [(0, "one "), (4, "two "), (8, "three")]
    assert (client.written, client.frames[-1].content, turn.undelivered) == (3, "one two three", 0)


async def test_a_slow_client_gets_what_has_come_meanwhile_in_one_piece(deliver):
    source, turn, delivery = await deliver(client := Client())
    client.is_slow = True
    client.gate.clear()
    await say(source, turn, "one ", "two ", "three ")
    assert (client.frames, turn.undelivered) == ([], 14)
    client.gate.set()
    await eventually(lambda: not turn.undelivered)
    assert "".join(content for _, content in client.deltas) == "one two three "
    assert len(client.deltas) == 2  # the one that it did not take at once, and all that came while it waited
    client.is_slow = False
    await say(source, turn, "four")
    assert client.deltas[-1] == (14, "four")
    source.put(None)
    await delivery


async def test_what_was_not_taken_keeps_its_place_before_what_comes_next(deliver):
    source, turn, delivery = await deliver(client := Client())
    client.is_slow = True
    source.put(Text("a"), Step("node_started", "n", "LLM"), Text("b"), Replacement("c"), None)
    await delivery
    assert [type(frame).__name__ for frame in client.frames[:-1]] == ["ChatDelta", "ChatEvent", "ChatDelta"]
    assert (client.frames[-2].content, client.frames[-2].replace, turn.text) == ("c", True, "c")


async def test_without_a_stream_only_the_end_is_sent(deliver):
    source, turn, delivery = await deliver(client := Client(), stream=False)
    await say(source, turn, "one ", "two")
    source.put(None)
    await delivery
    assert [frame.content for frame in client.frames] == ["one two"]
    assert not client.written


async def test_who_has_a_part_gets_the_rest(deliver):
    source, turn, _ = await deliver(Client())
    await say(source, turn, "one two")
    _, _, delivery = await deliver(late := Client(), offset=4)
    await say(source, turn, " three")
    source.put(None)
    await delivery
    assert late.deltas == [(4, "two"), (7, " three")]


async def test_who_has_more_than_there_is_is_told_at_once(deliver):
    source, turn, delivery = await deliver(client := Client(), offset=4)
    assert client.deltas == [(0, "")]
    await say(source, turn, "one")
    source.put(None)
    await delivery
    assert client.deltas == [(0, ""), (0, "one")]


async def test_of_a_turn_of_another_process_nothing_is_told_before_it_is_known_what_was_written():
    turn = followed_turn()
    delivery = asyncio.create_task(Delivery(turn, client := Client(), Seal(), 4).run())
    await asyncio.sleep(0)
    assert client.frames == []
    turn.receive([Text("one two")], 0)
    assert client.deltas == [(4, "two")]
    turn.lose(TURN_UNREACHABLE)
    await delivery
    assert client.frames[-1].reason == "turn_unreachable"


async def test_for_a_client_that_is_gone_nothing_counts_as_delivered(deliver):
    source, turn, delivery = await deliver(client := Client())
    client.is_gone = True
    await say(source, turn, "one")
    source.put(None)
    await delivery
    assert (client.frames, turn.undelivered) == ([], 3)


async def test_a_fault_while_writing_is_raised_where_it_is_awaited_and_harms_no_other(deliver):
    source, turn, delivery = await deliver(broken := Client())
    _, _, whole = await deliver(client := Client())
    broken.write = None
    await say(source, turn, "one")
    with pytest.raises(TypeError):
        await delivery
    await say(source, turn, " two")
    source.put(None)
    await whole
    assert client.deltas == [(0, "one"), (3, " two")]


async def test_the_delivery_that_is_over_hears_nothing_more(deliver):
    source, turn, delivery = await deliver(client := Client())
    delivery.cancel()
    await asyncio.gather(delivery, return_exceptions=True)
    await say(source, turn, "one")
    assert (client.frames, turn._subscribers) == ([], ())


async def test_steps_are_written_in_the_moment_they_come_before_any_text(deliver):
    source, _, _ = await deliver(client := Client())
    source.put(Step("node_started", "n", "LLM"))
    await eventually(lambda: client.frames)
    assert (client.frames[0].name, client.written) == ("LLM", 1)


async def test_who_has_all_there_is_sees_at_once_that_it_is_withdrawn(deliver):
    source, turn, _ = await deliver(Client())
    await say(source, turn, "bad words")
    await deliver(late := Client(), offset=9)
    source.put(Replacement("ok"))
    await eventually(lambda: turn.text == "ok")
    assert [(frame.content, frame.replace) for frame in late.frames] == [("ok", True)]


async def test_what_is_over_is_sent_at_once_with_its_end(deliver):
    source, turn, delivery = await deliver(Client())
    await say(source, turn, "one")
    source.put(None)
    await delivery
    _, _, delivery = await deliver(late := Client(), offset=9)
    await delivery
    assert [frame.content for frame in late.frames] == ["one", "one"]
    assert late.frames[0].replace is True


async def test_what_one_client_got_is_delivered_however_far_another_is(deliver):
    source, turn, _ = await deliver(Client())
    await say(source, turn, "one two")
    assert turn.receipt.offset == 7
    slow = Client()
    slow.is_slow = True
    await deliver(slow)
    await eventually(lambda: slow.frames)
    assert (slow.deltas, turn.receipt.offset) == ([(0, "one two")], 7)
    await say(source, turn, " three")
    assert (turn.receipt.offset, turn.undelivered) == (13, 0)


async def test_the_whole_answer_is_delivered_with_its_end_to_who_wants_no_stream(deliver):
    source, turn, delivery = await deliver(client := Client(), stream=False)
    await say(source, turn, "one")
    assert turn.undelivered == 3
    source.put(None)
    await delivery
    assert (client.frames[0].content, turn.undelivered) == ("one", 0)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_is_told_once_that_its_question_waits(deliver, stream):
    client = Client()
    source, _, delivery = await deliver(client, stream=stream)
    source.put(Queued(), Queued(), Text("Here."), None)
    await delivery
    notices = [frame for frame in client.frames if isinstance(frame, System)]
    assert [notice.id for notice in notices] == ["t"]
    assert client.frames[0] is notices[0]
    assert client.frames[-1].content == "Here."


async def test_who_comes_while_it_waits_is_told_and_who_comes_later_is_not(deliver):
    first, second, third = Client(), Client(), Client()
    source, turn, _ = await deliver(first)
    source.put(Queued())
    await eventually(lambda: first.frames)
    await deliver(second)
    await eventually(lambda: second.frames)
    source.put(Text("Here."))
    await eventually(lambda: turn.text)
    _, _, delivery = await deliver(third)
    source.put(None)
    await delivery
    assert [sum(isinstance(frame, System) for frame in client.frames) for client in (first, second, third)] == [1, 1, 0]


@pytest.mark.parametrize(("stream", "content"), [(True, "Hi"), (False, "Hi\n\n[The answer broke off here.]")])
async def test_who_reads_the_content_only_is_told_there_that_the_answer_broke_off(deliver, stream, content):
    client = Client()
    source, turn, delivery = await deliver(client, stream=stream)
    await say(source, turn, "Hi")
    source.fail()
    await delivery
    assert client.frames[-1].content == content
