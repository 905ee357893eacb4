"""A process without others."""

from service.chat.cluster import SingleProcess


async def test_alone_every_id_is_free_and_nothing_is_found_elsewhere():
    alone = SingleProcess()
    await alone.start()
    assert await alone.claim("token", "t", "Hi") is None
    assert await alone.find("token", "t") is None
    for tell in (alone.publish, alone.keep, alone.forget):
        tell(None)
    alone.release("token", "t")
    alone.stop("token", None)
    alone.announce("key:bed-7", 1)
    assert (alone.counts(), alone.redis(), alone.can_resume) == ({}, None, False)
    assert (await alone.connected(), await alone.close_client("bed-7")) == (([], 0), ([], 0))
    await alone.run()
    await alone.close()


def test_each_connection_that_comes_back_has_a_greater_number():
    alone = SingleProcess()
    assert [alone.next_number() for _ in range(3)] == [1, 2, 3]
