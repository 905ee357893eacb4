"""A module's tests are found by its name: those of service/chat/turn.py in tests/chat/test_turn.py, and so on."""

from tests.conftest import ROOT

ROOMS = ("admission", "answers", "chat", "cluster", "web")


def modules():
    paths = (path.relative_to(ROOT / "service") for path in (ROOT / "service").rglob("*.py"))
    return {path for path in paths if path.name != "__init__.py"}


def test_each_module_has_tests_of_its_own():
    tests = {path: path.with_name(f"test_{path.name.replace('__', '')}") for path in modules()}
    assert [str(path) for path, tested_by in sorted(tests.items()) if not (ROOT / "tests" / tested_by).exists()] == []


def test_in_a_room_there_are_only_tests_of_its_modules():
    tests = [path.relative_to(ROOT / "tests") for room in ROOMS for path in (ROOT / "tests" / room).rglob("test_*.py")]
    assert [str(path) for path in tests if path.with_name(path.name.removeprefix("test_")) not in modules()] == []
