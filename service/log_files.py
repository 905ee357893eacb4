"""What log lines are written to: files that are rotated, and the console. Several processes may write to the same."""

import errno
import os
import select
import sys
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

if sys.platform != "win32":
    import fcntl

MAX_FILE_BYTES = 10_000_000
BACKUPS = 5


class LogFile:
    """Appends whole lines to a file, and rotates it.

    Lines of several processes do not mix, since each write is appended as a whole. A file that was moved, deleted or
    truncated (logrotate, another process) is noticed at the next write: no signal is needed.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._descriptor = -1
        self._identity = (0, 0)
        self._open()

    def write(self, data: bytes) -> int:
        """Returns how many bytes were written: whole lines. Raises OSError where that is none."""
        if (size := self._find()) and size + len(data) > MAX_FILE_BYTES:
            self._rotate(len(data))
        written = os.write(self._descriptor, data)
        return written if written == len(data) else self._take_back(data, written)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o666)
        self.close()  # not before: another file could get the same identity
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        self._identity = found.st_dev, found.st_ino

    def _find(self) -> int:
        """The size of what is at its path now; opened where that is another file."""
        with suppress(FileNotFoundError):
            found = self._path.stat()
            if self._descriptor >= 0 and (found.st_dev, found.st_ino) == self._identity:
                return found.st_size
        self._open()
        return os.fstat(self._descriptor).st_size

    def _rotate(self, more: int) -> None:
        """Where it cannot be, it grows on: lines are worth more. Nobody waits for a process that does the same."""
        if not _try_lock(self._descriptor):
            return
        locked = self._identity
        if self._find() + more <= MAX_FILE_BYTES or self._identity != locked:  # another process has done it meanwhile
            _unlock(self._descriptor)
            return
        if sys.platform == "win32":
            self.close()  # no open file can be renamed there
        with suppress(OSError):
            self._shift()
        self._open()  # which ends the lock

    def _shift(self) -> None:
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, BACKUPS + 1))]
        taken = list(takewhile(Path.exists, names[:-1]))
        for newer, older in reversed(list(zip(taken, names[1:], strict=False))):
            newer.replace(older)

    def _take_back(self, data: bytes, written: int) -> int:
        """The disk became full within a line, or the file as large as may be: the line's beginning is removed, to be
        written later as a whole.
        """
        whole = data.rfind(b"\n", 0, written) + 1
        try:
            if not whole:  # one more byte tells why
                written += os.write(self._descriptor, data[written : written + 1])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            with suppress(OSError):
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - (written - whole))
        return whole


def _try_lock(descriptor: int) -> bool:
    """Until it is closed. True where there are no locks, too (Windows, some network file systems): files must not grow
    for ever.
    """
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


class Console:
    """Standard output, past Python's own buffer: what is left in that would be waited for when the process ends."""

    def __init__(self, *, is_shared: bool) -> None:
        """Where it `is_shared` with other processes, they take turns. Raises OSError where there is none."""
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._descriptor = os.dup(sys.stdout.fileno())
        self._is_shared = is_shared and sys.platform != "win32"

    def write(self, data: bytes) -> int:
        """Waits for as long as nobody reads. Raises OSError."""
        if not self._is_shared:
            return self._write(data)
        with suppress(OSError):  # no locks here
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            return self._write_all(data)
        finally:
            with suppress(OSError):
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)

    def _write_all(self, data: bytes) -> int:
        written = 0
        while written < len(data):
            written += self._write(data[written:])
        return written

    def _write(self, data: bytes) -> int:
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # another process may have made it so for all that share it
                select.select([], [self._descriptor], [])
