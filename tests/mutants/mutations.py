"""Small faults in a module: comparisons turned, conditions negated, calls dropped, constants and signs changed."""

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And}
CONDITIONS = {
    (ast.If, "test"), (ast.While, "test"), (ast.IfExp, "test"), (ast.match_case, "guard"), (ast.comprehension, "ifs"),
}  # fmt: skip
DECLARATIONS = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Mutant:
    """`name` says in which function the fault is, and what stands there instead; `source` is the whole module."""

    name: str
    source: str

    @property
    def lot(self) -> float:
        """From 0 to 1, by the name alone: a sample drawn by it stays as it is when other code changes."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:8]) / 2**64


def mutants_of(source: str) -> list[Mutant]:
    """All faults that can be put into a module's functions, one at a time."""
    tree = ast.parse(source)
    names: Counter[str] = Counter()
    found = []
    for function, qualified_name in _functions(tree):
        for change in _faults(function):
            name = f"{qualified_name}: {change}".replace("'", '"')
            names[name] += 1
            found.append(Mutant(name if names[name] == 1 else f"{name} #{names[name]}", ast.unparse(tree)))
    return found


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[ast.AST, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _faults(parent: ast.AST) -> Iterator[str]:
    """Yields what is changed while a fault is in the tree, and takes it out again."""
    for field, value in ast.iter_fields(parent):
        if field in DECLARATIONS:
            continue
        children = value if isinstance(value, list) else [value]
        for number, child in enumerate(children):
            if not isinstance(child, ast.AST):
                continue
            what = parent if isinstance(child, ast.Constant) else child  # a number alone would say nothing
            before = _first_line(what)
            for other in _replacements(child, is_condition=(type(parent), field) in CONDITIONS):
                changed = [*children[:number], other, *children[number + 1 :]]
                setattr(parent, field, changed if isinstance(value, list) else other)
                yield f"{before} -> {_first_line(parent if what is parent else other)}"
                setattr(parent, field, value)
            yield from _faults(child)


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


def _replacements(node: ast.AST, *, is_condition: bool) -> Iterator[ast.AST]:  # noqa: C901 - a table
    """What may stand in a node's place."""
    match node:
        case ast.Compare(left, operators, others):
            for number, operator in enumerate(operators):
                turned = COMPARISONS[type(operator)]()
                yield ast.Compare(left, [*operators[:number], turned, *operators[number + 1 :]], others)
        case ast.BinOp(left, operator, right) if type(operator) in SIGNS:
            yield ast.BinOp(left, SIGNS[type(operator)](), right)
        case ast.AugAssign(target, operator, value) if type(operator) in SIGNS:
            yield ast.AugAssign(target, SIGNS[type(operator)](), value)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(SIGNS[type(operator)](), values)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield ast.Constant(value + (value or 1))
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Expr(ast.Call() | ast.Await(ast.Call())):
            yield ast.Pass()
    if is_condition and not isinstance(node, ast.Compare | ast.Constant | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node)
