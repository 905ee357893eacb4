"""Which signals end the service, and what they do until it serves."""

import os
import signal
import subprocess
import sys

import pytest

from service import ending_signals
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def restored():
    former = {number: signal.getsignal(number) for number in ending_signals.SIGNALS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ending_signals.SIGNALS)
def test_a_handler_hears_of_each_until_the_end_of_its_block(number):
    heard, former = [], signal.getsignal(number)
    with ending_signals.handled(heard.append):
        os.kill(os.getpid(), number)
    assert heard == [number]
    assert signal.getsignal(number) is former


def test_what_is_ignored_from_the_start_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    heard = []
    with ending_signals.handled(heard.append):
        os.kill(os.getpid(), signal.SIGHUP)
        ending_signals.restore()
    assert (heard, signal.getsignal(signal.SIGHUP)) == ([], signal.SIG_IGN)


def test_they_can_be_as_they_are_in_any_python_process():
    with ending_signals.handled(lambda _: None):
        ending_signals.restore()
        assert [signal.getsignal(number) for number in ending_signals.SIGNALS] == [
            signal.SIG_DFL, signal.default_int_handler, signal.SIG_DFL
        ]  # fmt: skip


@pytest.mark.parametrize("number", ending_signals.SIGNALS)
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("ending_signals.exit_at_once(); {kill}", ""),
        (
            "ending_signals.note(); {kill}; print('Made', end=''); ending_signals.exit_if_noted(); print('On')",
            "MadeBye",
        ),
        ("ending_signals.note(); {kill}; {kill}; print('On')", ""),
    ],
)
def test_before_the_service_serves_they_end_it_with_exit_code_0(number, program, said):
    """As soon as all is made, and by a second one at once."""
    program = (
        "import atexit, os; from service import ending_signals; atexit.register(print, 'Bye', end=''); "
        + program.format(kill=f"os.kill(os.getpid(), {int(number)})")
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, said, "")


def test_the_next_handler_hears_of_what_was_noted():
    heard = []
    ending_signals.note()
    os.kill(os.getpid(), signal.SIGTERM)
    with ending_signals.handled(heard.append):
        assert heard == [signal.SIGTERM]
    with ending_signals.handled(heard.append):
        assert heard == [signal.SIGTERM]
    ending_signals.exit_if_noted()


@pytest.mark.parametrize("number", ending_signals.SIGNALS)
def test_a_process_in_its_first_moments_gets_them_when_it_has_handlers(number):
    program = "from service import ending_signals; print('Begun', flush=True); input(); ending_signals.exit_at_once()"
    with ending_signals.held_back():
        begun = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    assert begun.stdout.readline() == b"Begun\n"
    begun.send_signal(number)
    _, errors = begun.communicate(b"\n")
    assert (begun.returncode, errors) == (0, b"")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []).isdisjoint(ending_signals.SIGNALS)


def test_who_is_ending_is_not_told_again():
    program = (
        "import os; from service import ending_signals; ending_signals.ignore(); "
        "[os.kill(os.getpid(), number) for number in ending_signals.SIGNALS]"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 0
