"""A process without peers."""

from service.chat.cluster import SingleProcess
from tests.scripted import Scripted


async def test_alone_a_question_is_asked_here_and_nothing_is_found_elsewhere():
    source, alone = Scripted(), SingleProcess()
    await alone.start()
    answer = alone.answer("token", "t", None, lambda: source.ask("Hi"))
    assert (source.questions, answer is not None) == (["Hi"], True)
    alone.publish(None)
    alone.announce("key:bed-7", "session")
    assert await alone.find("token", "t") is None
    assert (alone.counts(), alone.can_resume) == ({}, False)
    await alone.run()
    await alone.close()
