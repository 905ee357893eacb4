"""Numbers of several workers, each in a file: told by any of them, and right after one has died."""

import os
import subprocess
import sys

import pytest

from service.worker_numbers import ALONE, GAUGE, Family, Worker, WorkerNumbers

LIVES, DEAD = (lambda _: True), (lambda _: False)


def count(value, **labels):
    return Family("turns", "Turns.", "counter", [("turns_total", labels, value)])


def gauge(value):
    return Family("clients", "Clients.", GAUGE, [("clients", {}, value)])


def told(families):
    return {
        (name, labels["worker"], labels.get("status")): value for it in families for name, labels, value in it.samples
    }


def numbers(folder, number, is_alive=LIVES):
    return WorkerNumbers(Worker(number, folder), is_alive)


def test_alone_a_process_tells_of_itself():
    assert told(WorkerNumbers(ALONE).exchange([count(3)])) == {("turns_total", "1", None): 3}


def test_each_tells_of_all(tmp_path):
    numbers(tmp_path, 1).exchange([count(3), gauge(5)])
    assert told(numbers(tmp_path, 2).exchange([count(4)])) == {
        ("turns_total", "1", None): 3,
        ("clients", "1", None): 5,
        ("turns_total", "2", None): 4,
    }


def test_of_a_dead_one_the_counters_stay_and_what_it_measured_goes(tmp_path):
    numbers(tmp_path, 1).exchange([count(3), gauge(5)])
    assert told(numbers(tmp_path, 2, DEAD).exchange([])) == {("turns_total", "1", None): 3}


def test_the_next_process_of_a_worker_goes_on_from_its_counters(tmp_path):
    numbers(tmp_path, 1).exchange([count(3, status="done"), gauge(5)])
    numbers(tmp_path, 1).exchange([count(1, status="done")])
    successor = numbers(tmp_path, 1)
    assert told(successor.exchange([count(2, status="error"), gauge(1)])) == {
        ("turns_total", "1", "done"): 4,
        ("turns_total", "1", "error"): 2,
        ("clients", "1", None): 1,
    }
    assert told(successor.exchange([count(3, status="error")]))["turns_total", "1", "error"] == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_file_that_cannot_be_read_is_left_out(tmp_path, content):
    (tmp_path / "1.json").write_bytes(content)
    assert told(numbers(tmp_path, 2).exchange([count(1)])) == {("turns_total", "2", None): 1}


def test_where_the_folder_is_gone_it_says_so(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        numbers(tmp_path / "gone", 1).exchange([count(1)])


def test_a_process_that_has_ended_is_dead(tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    numbers(tmp_path, 1).exchange([gauge(5)])
    assert told(WorkerNumbers(Worker(2, tmp_path)).exchange([])) == {("clients", "1", None): 5}
    saved = tmp_path / "1.json"
    saved.write_bytes(saved.read_bytes().replace(str(os.getpid()).encode(), process.stdout.strip()))
    assert told(WorkerNumbers(Worker(2, tmp_path)).exchange([])) == {}
