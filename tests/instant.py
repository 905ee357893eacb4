"""Tests on an event loop whose clock jumps to the next timer: none waits, and a busy machine fails none."""

import asyncio
import functools


class _JumpingSelector:
    def __init__(self, selector):
        self._selector = selector
        self.now = 0.0

    def select(self, timeout=None):
        ready = self._selector.select(0)
        if not ready and timeout:
            self.now += timeout
        return ready

    def __getattr__(self, name):
        return getattr(self._selector, name)


class InstantLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _JumpingSelector(self._selector)

    def time(self):
        return self._selector.now


def instantly(test):
    """Run an asynchronous test on a loop of its own."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        loop = InstantLoop()
        try:
            loop.run_until_complete(test(*args, **kwargs))
        finally:
            loop.close()

    return run
