"""The signals that end the service: SIGTERM; SIGINT, from Ctrl+C; SIGHUP, from a terminal that was closed."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_noted: list[int] = []
SIGNALS = tuple(signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))


def exit_at_once() -> None:
    """While nothing has begun yet: an exception could be swallowed by what is just being imported."""
    _handle(lambda _: os._exit(0))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # see `held_back`


def note() -> None:
    """While parts are made and modules imported, amid which an exception could be swallowed or told on stderr.

    Then `exit_if_noted` ends the process, or the next handler hears of it. A second one ends it at once.
    """
    _handle(_note)


def _note(number: int) -> None:
    if _noted:
        os._exit(0)
    _noted.append(number)


def exit_if_noted() -> None:
    """In order: what was logged is written out."""
    if _noted:
        ignore()
        sys.exit(0)


def ignore() -> None:
    """The service is ending already."""
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)


def restore() -> None:
    """As they are in any Python process."""
    for number in _heeded():
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


@contextmanager
def handled(handler: Callable[[int], object]) -> Iterator[None]:
    """Until the end of the block, where the former handlers return. It hears of what was noted, too."""
    former = {number: signal.getsignal(number) for number in _heeded()}
    _handle(handler)
    while _noted:
        handler(_noted.pop())
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)


@contextmanager
def held_back() -> Iterator[None]:
    """From this thread, and from processes that it starts within the block: these get them when they `exit_at_once`.

    Python has no handlers of ours in its first moments: SIGINT would be a stack on stderr.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _handle(handler: Callable[[int], object]) -> None:
    for number in _heeded():
        signal.signal(number, lambda number, _: handler(number))


def _heeded() -> list[signal.Signals]:
    """What is ignored from the start stays so: `nohup` ignores SIGHUP, a shell's background jobs may ignore SIGINT."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
