"""What log lines are written to, and what others do to it meanwhile."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service import log_files
from service.log_files import Console, LogFile
from tests.conftest import ROOT

LINE = b'{"event":"turn.finished"}\n'


@pytest.fixture
def open_file(tmp_path):
    opened = []

    def open_file(path=tmp_path / "logs/info.log"):
        opened.append(LogFile(path))
        return opened[-1]

    yield open_file
    for file in opened:
        file.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs/info.log"


def test_lines_are_appended_to_what_is_there(open_file, path):
    path.parent.mkdir()
    path.write_bytes(LINE)
    assert open_file().write(LINE) == len(LINE)
    assert path.read_bytes() == 2 * LINE


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda path: path.rename(path.with_name("moved")),
        lambda path: (path.rename(path.with_name("moved")), path.touch()),  # logrotate's create
        lambda path: path.unlink(),
        lambda path: shutil.rmtree(path.parent),
        lambda path: os.truncate(path, 0),  # logrotate's copytruncate
    ],
)
def test_the_next_line_is_in_the_file_of_that_name_whatever_was_done_to_it(open_file, path, meanwhile):
    file = open_file()
    file.write(b"before\n")
    meanwhile(path)
    file.write(LINE)
    assert path.read_bytes() == LINE


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(log_files, "MAX_FILE_BYTES", 3 * len(LINE))


def numbered(path):
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def test_a_file_that_would_become_too_large_is_moved_and_so_many_are_kept(open_file, path, small, monkeypatch):
    monkeypatch.setattr(log_files, "BACKUPS", 2)
    file = open_file()
    for number in range(10):
        file.write(LINE.replace(b"turn", b"%04d" % number))
    first = [list(map(int, text.decode().replace('{"event":"', "").split('.finished"}\n')[:-1]))
             for _, text in sorted(numbered(path).items())]  # fmt: skip
    assert first == [[9], [6, 7, 8], [3, 4, 5]]


def test_two_that_write_to_one_file_rotate_it_once_and_lose_nothing(open_file, path, small):
    one, other = open_file(), open_file()
    for _ in range(3):
        one.write(LINE)
    other.write(LINE)
    one.write(LINE)
    assert numbered(path) == {"info.log": 2 * LINE, "info.log.1": 3 * LINE}


def test_a_file_that_another_has_put_in_place_is_not_rotated_under_the_lock_of_the_one_before(
    open_file, path, small, monkeypatch
):
    file, try_lock = open_file(), log_files._try_lock
    file.write(LINE)
    file.write(2 * LINE)

    def rotate_before(descriptor):
        path.rename(path.with_name("info.log.1"))
        path.write_bytes(3 * LINE)
        return try_lock(descriptor)

    monkeypatch.setattr(log_files, "_try_lock", rotate_before)
    file.write(LINE)
    assert numbered(path) == {"info.log": 4 * LINE, "info.log.1": 3 * LINE}


def test_while_another_process_rotates_nobody_waits_for_it(open_file, path, small):
    file = open_file()
    for _ in range(3):
        file.write(LINE)
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        file.write(LINE)
    assert numbered(path) == {"info.log": 4 * LINE}


def test_without_locks_files_are_rotated_all_the_same(open_file, path, small, monkeypatch):
    def fail(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    file = open_file()
    for _ in range(4):
        file.write(LINE)
    assert numbered(path) == {"info.log": LINE, "info.log.1": 3 * LINE}


def test_a_file_that_cannot_be_moved_grows_on(open_file, path, small, monkeypatch):
    def fail(*_):
        raise PermissionError

    monkeypatch.setattr(Path, "replace", fail)
    file = open_file()
    for _ in range(4):
        file.write(LINE)
    assert numbered(path) == {"info.log": 4 * LINE}


FULL_DISK = """
import pathlib, resource
from service.log_files import LogFile

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

file, line = LogFile(pathlib.Path("info.log")), b"x" * 99 + b"\\n"
limit(250)
"""


def run(tmp_path, code):
    """In a process of its own; returns what it printed."""
    environment = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, stdout=subprocess.PIPE, env=environment
    ).stdout


def test_a_disk_that_becomes_full_within_a_line_leaves_no_part_of_it(tmp_path):
    assert run(tmp_path, FULL_DISK + "print(file.write(3 * line))") == b"200\n"
    assert (tmp_path / "info.log").read_text() == 2 * ("x" * 99 + "\n")


def test_where_not_one_line_fits_that_is_an_error_by_its_own_name_and_later_it_is_written(tmp_path):
    code = """
file.write(2 * line)
try:
    file.write(line)
except OSError as error:
    print(error.strerror)
limit(1000)
print(file.write(line))
"""
    assert run(tmp_path, FULL_DISK + code) == b"File too large\n100\n"
    assert (tmp_path / "info.log").read_text() == 3 * ("x" * 99 + "\n")


def test_room_for_just_one_byte_more_leaves_no_part_of_a_line_either(tmp_path):
    code = """
import os
write = os.write
os.write = lambda descriptor, data: write(descriptor, data[:50])
try:
    file.write(line)
except OSError as error:
    print(error.strerror)
"""
    assert run(tmp_path, FULL_DISK + code) == b"No space left on device\n"
    assert (tmp_path / "info.log").read_bytes() == b""


def test_a_full_disk_is_an_error(open_file, tmp_path):
    (tmp_path / "full.log").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        open_file(tmp_path / "full.log").write(LINE)


def test_the_console_is_written_past_python_s_buffer(capfd):
    console = Console(is_shared=False)
    assert console.write(LINE) == len(LINE)
    console.close()
    assert capfd.readouterr().out == LINE.decode()


def test_several_processes_take_turns_at_the_console_where_there_are_locks(capfd, monkeypatch):
    console, calls = Console(is_shared=True), []
    monkeypatch.setattr(fcntl, "lockf", lambda _, operation: calls.append(operation))
    assert console.write(LINE) == len(LINE)
    assert calls == [fcntl.LOCK_EX, fcntl.LOCK_UN]

    def fail(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", fail)
    assert console.write(LINE) == len(LINE)
    console.close()
    assert capfd.readouterr().out == 2 * LINE.decode()


def test_a_console_that_takes_nothing_at_once_is_waited_for(tmp_path):
    code = """
import os
from service.log_files import Console
os.set_blocking(1, False)
written = Console(is_shared=True).write(b"x" * 200_000)
os.set_blocking(1, True)
print(written)
"""
    assert run(tmp_path, code) == b"x" * 200_000 + b"200000\n"


CLOSED = """
from service.log_files import Console
try:
    Console(is_shared=False)
except OSError:
    open("none", "w")
"""


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_without_a_standard_output_there_is_no_console(tmp_path, closed):
    command = ["sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, CLOSED]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)
    assert (tmp_path / "none").exists()
