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
@pytest.mark.parametrize(("handling", "said"), [("exit_at_once", ""), ("exit_in_order", "Bye")])
def test_before_the_service_serves_they_end_it_with_exit_code_0(number, handling, said):
    program = (
        "import atexit, os; from service import ending_signals; atexit.register(print, 'Bye', end=''); "
        f"ending_signals.{handling}(); os.kill(os.getpid(), {int(number)})"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, said, "")


def test_who_is_ending_is_not_told_again():
    program = (
        "import os; from service import ending_signals; ending_signals.ignore(); "
        "[os.kill(os.getpid(), number) for number in ending_signals.SIGNALS]"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 0
