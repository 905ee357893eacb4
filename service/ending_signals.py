"""The signals that end the service: SIGTERM; SIGINT, from Ctrl+C; SIGHUP, from a terminal that was closed."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = tuple(signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))


def exit_at_once() -> None:
    """While nothing has begun yet: an exception could be swallowed by what is just being imported."""
    _handle(lambda _: os._exit(0))


def exit_in_order() -> None:
    """What was logged is written out."""
    _handle(lambda _: sys.exit(0))


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
    """Until the end of the block, where the former handlers return."""
    former = {number: signal.getsignal(number) for number in _heeded()}
    _handle(handler)
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)


def _handle(handler: Callable[[int], object]) -> None:
    for number in _heeded():
        signal.signal(number, lambda number, _: handler(number))


def _heeded() -> list[signal.Signals]:
    """What is ignored from the start stays so: `nohup` ignores SIGHUP, a shell's background jobs may ignore SIGINT."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
