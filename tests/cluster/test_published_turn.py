"""A turn of this process, as the others get it."""

import pytest

from service.answers import failures
from service.answers.base import Identity, Question, Queued, Replacement, Step, Summary, Text
from service.answers.pauses import Pause
from service.chat.cluster import SingleProcess
from service.chat.seal import Seal
from service.chat.turn_registry import TurnRegistry
from service.cluster.published_turn import PublishedTurn
from service.cluster.wire_format import End
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.scripted import Scripted

STEP = Step("node_started", "n", "LLM")


@pytest.fixture
async def publish():
    """A turn on a script, published, and its source."""
    source = Scripted(ends=False)
    turns = TurnRegistry(source, SingleProcess(), Seal(), orphan_grace=PATIENCE_SECONDS, resume_window=PATIENCE_SECONDS)
    yield PublishedTurn(turns.start("token", "t", Question("Hi", "user"))), source
    await turns.close()


async def put(source, published, *parts):
    """Let the turn have these parts, and a full stop."""
    written = published.turn.buffer.total_written
    source.put(*parts, Text("."))
    await eventually(lambda: published.turn.buffer.total_written > written and published.turn.text.endswith("."))


async def test_each_bit_is_told_once_and_the_identity_first(publish):
    published, source = publish
    assert published.updates() == []
    await put(source, published, Identity("mock"), Text("a"), STEP)
    assert published.updates() == [Identity("mock"), Text("a"), STEP, Text(".")]
    await put(source, published, Replacement("b"))
    assert published.updates() == [Replacement("b.")]
    assert published.updates() == []


async def test_the_identity_is_told_anew_when_more_of_it_is_known(publish):
    published, source = publish
    first, second = Identity("dify", "c", "m"), Identity("dify", "c", "m", run_id="r")
    await put(source, published, first)
    assert published.updates() == [first, Text(".")]
    await put(source, published, second)
    assert published.updates() == [second, Text(".")]


async def test_its_end_is_told_once(publish):
    published, source = publish
    source.put(Text("a"), Summary({"total_tokens": 3}))
    source.fail(failures.STALLED)
    await published.turn.wait_ended()
    assert not published.is_complete
    assert published.updates() == [Text("a"), End("incomplete", failures.STALLED, Summary({"total_tokens": 3}))]
    assert (published.is_complete, published.updates()) == (True, [])


async def test_a_pause_comes_with_the_end(publish):
    published, source = publish
    source.put(Text("a"), Pause(run_id="r"), None)
    await published.turn.wait_ended()
    assert published.updates() == [Text("a"), End("paused", None, Summary(), Pause(run_id="r"))]


async def test_why_it_was_stopped_comes_with_the_end(publish):
    published, _ = publish
    published.turn.stop("client_left")
    assert published.updates() == [End("stopped", None, Summary(), reason="client_left")]


async def test_that_the_question_waits_is_told_once(publish):
    published, source = publish
    source.put(Queued())
    await eventually(lambda: published.turn.is_queued)
    assert (published.updates(), published.updates()) == ([Queued()], [])
    published.restart()
    assert published.updates() == [Queued()]
    await put(source, published)
    assert published.updates() == [Replacement(".")]


async def test_anew_all_of_it_is_told_as_a_replacement_and_only_once(publish):
    published, source = publish
    await put(source, published, Identity("mock"), Text("a"))
    published.updates()
    published.restart()
    assert published.updates() == [Identity("mock"), Replacement("a.")]
    await put(source, published, Text("b"))
    assert published.updates() == [Text("b.")]
    source.put(None)
    await published.turn.wait_ended()
    published.updates()
    published.restart()
    assert [type(entry) for entry in published.updates()] == [Identity, Replacement, End]


async def test_who_listens_elsewhere_listens_once(publish):
    published, _ = publish
    for process in ("p", "p", "q"):
        published.join(process)
    assert (published.listeners, published.turn.has_no_listeners) == ({"p", "q"}, False)
    for process in ("p", "p", "other"):
        published.leave(process)
    assert (published.listeners, published.turn.has_no_listeners) == ({"q"}, False)
    published.leave("q")
    assert published.turn.has_no_listeners
