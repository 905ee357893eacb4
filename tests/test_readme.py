"""README.md: what it says of the tree is so."""

import re

from tests.conftest import ROOT

LAYOUT = (ROOT / "README.md").read_text().partition("## Layout")[2].partition("## Dependencies")[0]


def test_the_layout_names_each_module_in_its_package():
    path, named = ["service/"], set()
    for indent, name in re.findall(
        r"^( *)([\w./]+)", LAYOUT.partition("service/\n")[2].partition("static/")[0], re.MULTILINE
    ):
        path[len(indent) // 2 :] = [name]
        named |= {"".join(path)} if name.endswith(".py") else set()
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / "service").rglob("*.py") if file.name != "__init__.py"}
    assert named == modules


def test_the_glossary_is_short():
    assert 10 < len(LAYOUT.partition("```")[0].split()) <= 40
