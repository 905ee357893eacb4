"""Each kind of fault is put into a module, and taken out again."""

import ast

from tests.mutants.__main__ import CORE, ROOT
from tests.mutants.mutations import mutants_of

SOURCE = """
LIMIT = 8

class Line:
    async def wait(self, size: int = 0) -> bool:
        '''Words.'''
        if size < LIMIT and self.open:
            self.size += size
            await self.grow()
        while not self.full:
            self.take(True)
        return [each for each in self if each.ready] or 1.5
"""


def test_the_modules_that_get_them_are_there():
    assert [name for name in CORE if not (ROOT / "service" / f"{name}.py").exists()] == []


def test_faults_are_named_by_the_function_and_what_is_changed_in_it():
    assert [mutant.name.removeprefix("Line.wait: ") for mutant in mutants_of(SOURCE)] == [
        "self, size: int=0 -> self, size: int=1",
        "size < LIMIT and self.open -> size < LIMIT or self.open",
        "size < LIMIT and self.open -> not (size < LIMIT and self.open)",
        "size < LIMIT -> size <= LIMIT",
        "self.size += size -> self.size -= size",
        "await self.grow() -> pass",
        "not self.full -> self.full",
        "self.take(True) -> pass",
        "self.take(True) -> self.take(False)",
        "[each for each in self if each.ready] or 1.5 -> [each for each in self if each.ready] and 1.5",
        "each.ready -> not each.ready",
        "[each for each in self if each.ready] or 1.5 -> [each for each in self if each.ready] or 3.0",
    ]


def test_a_mutant_has_one_fault():
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in mutants_of(SOURCE):
        lines = mutant.source.splitlines()
        assert sum(before != after for before, after in zip(whole, lines, strict=True)) == 1, mutant.name


def test_the_same_fault_twice_has_two_names_and_a_lot_that_stays():
    first, second = mutants_of("def f():\n    g()\n    g()\n")
    assert (first.name, second.name) == ("f: g() -> pass", "f: g() -> pass #2")
    assert mutants_of("def e(): h()\ndef f(): g()")[1].lot == first.lot != second.lot
    assert 0 <= first.lot < 1
