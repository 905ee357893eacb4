"""What `python -m service check` prints."""

import io
import sys

import pytest

from service.answers import failures
from service.answers.base import AnswerError
from service.check_access import Finding
from service.check_report import Report


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "FAIL  app: ? Ward\n      -> M?nd it"),
        ("cp1252", "FAIL  app: ? Ward\n      -> Mënd it"),
        ("utf-8", "FAIL  app: 病 Ward\n      → Mënd it"),
    ],
)
def test_it_is_read_on_any_console(monkeypatch, encoding, shown):
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding, write_through=True, newline="\n"))
    Report().fail("app", "病 Ward", "Mënd it")
    assert console.getvalue().decode(encoding) == f"{shown}\n"


def test_only_what_fails_makes_it_fail(capsys):
    report = Report()
    report.add(Finding("a", "is well"))
    report.add(Finding("b", "may be", advice="Look."))
    assert report.is_ok
    report.add(Finding("c", "is not", fix="Mend."))
    assert not report.is_ok
    assert [line[:6] for line in capsys.readouterr().out.splitlines()] == [
        "ok    ",
        "warn  ",
        "      ",
        "FAIL  ",
        "      ",
    ]


def test_a_failure_comes_with_its_fix(capsys):
    Report().failure("dify", AnswerError(failures.UNAUTHORIZED))
    assert "Copy the app's key" in capsys.readouterr().out
