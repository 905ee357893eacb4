"""How many files and sockets may be open."""

import resource

import pytest

from service import open_files


@pytest.fixture
def limits(monkeypatch):
    """The limits of a process, of which only the soft one can be changed."""
    limits = {"soft": 256, "hard": 4096, "refuses": False}

    def set_limit(_, wanted):
        if limits["refuses"]:
            raise ValueError
        limits["soft"], limits["hard"] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: (limits["soft"], limits["hard"]))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    return limits


def test_the_soft_limit_becomes_the_hard_one(limits):
    assert open_files.raise_limit() == 4096
    assert (limits["soft"], limits["hard"]) == (4096, 4096)


def test_where_it_cannot_be_raised_it_stays(limits):
    limits["refuses"] = True
    assert open_files.raise_limit() == 256


def test_without_a_limit_a_million_is_enough(limits):
    limits["hard"] = resource.RLIM_INFINITY
    assert open_files.raise_limit() == 1_000_000
    limits["soft"] = resource.RLIM_INFINITY
    assert open_files.raise_limit() == 1_000_000


def test_a_system_without_such_limits_has_none(monkeypatch):
    monkeypatch.setattr(open_files, "resource", None)
    assert open_files.raise_limit() == 1_000_000


@pytest.mark.parametrize(("limit", "upstream", "left"), [(1024, 10, 886), (1024, 500, 640), (100_000, 200, 99_672)])
def test_some_are_reserved_for_dify_redis_and_logs(limit, upstream, left):
    assert open_files.max_sockets(limit, upstream) == left


def test_sockets_are_full_when_as_many_are_open_as_may_be():
    sockets = open_files.Sockets()
    assert not sockets.are_full
    sockets.open, sockets.cap = {1, 2}, 3
    assert not sockets.are_full
    sockets.open = {1, 2, 3}
    assert sockets.are_full
    sockets.idle = {3}
    assert not sockets.are_full
