"""Worker processes on one port, and their supervisor."""

import asyncio
import os
import socket
import sys
import time
from asyncio.subprocess import Process
from contextlib import suppress

import structlog

from service import ending_signals
from service.tasks import wait_within

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
# A worker that ends sooner failed to start; when all have failed MAX_FAILED_STARTS times, the service ends.
STARTED_AFTER_SECONDS = 10.0
MAX_FAILED_STARTS = 3
# A signal may reach a worker before it has installed its handlers.
GOOD_EXIT_CODES = {0, *(-number for number in ending_signals.SIGNALS)}


class Workers:
    """Keeps `count` workers running, which accept from one listener.

    Each inherits a lifeline, the read end of a pipe: it closes when this process is gone. `folder` is where they tell
    each other their numbers, if they do.
    """

    def __init__(self, listener: socket.socket, count: int, folder: str | None = None) -> None:
        self._folder = () if folder is None else (folder,)
        self._listener = listener
        self._lifeline, self._write_end = os.pipe()
        self._failed_starts = dict.fromkeys(range(1, count + 1), 0)
        self._running: set[Process] = set()
        self._is_ending = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Until a signal, or until none can be started; returns the exit code."""
        loop = asyncio.get_running_loop()
        try:
            with ending_signals.handled(lambda _: loop.call_soon_threadsafe(self._end)):
                await asyncio.gather(*(self._supervise(worker) for worker in self._failed_starts))
        finally:
            os.close(self._lifeline)
            os.close(self._write_end)
        return self._exit_code

    def _end(self) -> None:
        """By SIGTERM, whichever signal came: at SIGINT a Python that has hardly started fails with a stack."""
        self._is_ending.set()
        for process in self._running:
            with suppress(ProcessLookupError):
                process.terminate()

    async def _supervise(self, worker: int) -> None:
        while not self._is_ending.is_set():
            started_at = time.monotonic()
            exit_code = await self._run(worker)
            if self._is_ending.is_set():
                self._exit_code = self._exit_code or int(exit_code not in GOOD_EXIT_CODES)
            else:
                await self._back_off(worker, time.monotonic() - started_at)

    async def _run(self, worker: int) -> int:
        """Returns the exit code of a worker."""
        try:
            process = await self._start(worker)
        except OSError as error:
            log.error("worker.not_started", worker=worker, error=str(error))  # noqa: TRY400 - without a stack
            return 1
        log.info("worker.started", worker=worker, pid=process.pid)
        self._running.add(process)
        if self._is_ending.is_set():
            process.terminate()
        exit_code = await process.wait()
        self._running.remove(process)
        log_event = log.info if exit_code in GOOD_EXIT_CODES else log.error
        log_event("worker.ended", worker=worker, pid=process.pid, exit_code=exit_code)
        return exit_code

    async def _start(self, worker: int) -> Process:
        inherited = (self._listener.fileno(), self._lifeline)
        words = ("worker", str(worker), *map(str, inherited), *self._folder)
        with ending_signals.held_back():  # it is started before anything is waited for
            return await asyncio.create_subprocess_exec(sys.executable, "-m", "service", *words, pass_fds=inherited)

    async def _back_off(self, worker: int, lived_seconds: float) -> None:
        failed = self._failed_starts[worker] + 1 if lived_seconds < STARTED_AFTER_SECONDS else 0
        self._failed_starts[worker] = failed
        if min(self._failed_starts.values()) >= MAX_FAILED_STARTS:
            log.error("workers.given_up", failed_starts=failed)
            self._exit_code = 1
            self._end()
        await wait_within(min(FIRST_PAUSE_SECONDS * 2**failed, MAX_PAUSE_SECONDS), self._is_ending.wait())
