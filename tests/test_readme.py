"""README.md: what it says of the tree is so."""

import re

import pytest

from tests.conftest import ROOT

LAYOUT = (ROOT / "README.md").read_text().partition("## Layout")[2].partition("## Dependencies")[0]


@pytest.mark.parametrize(("folder", "suffix"), [("service/", ".py"), ("static/js/", ".js")])
def test_the_layout_names_each_module_in_its_folder(folder, suffix):
    tree = re.search(rf"^{folder}.*\n((?:  .*\n)*)", LAYOUT, re.MULTILINE)[1]
    path, named = [folder], []
    for indent, name in re.findall(r"^( *)([\w./-]+)", tree, re.MULTILINE):
        path[len(indent) // 2 :] = [name]
        named += ["".join(path)] if name.endswith(suffix) else []
    modules = [file for file in (ROOT / folder).rglob(f"*{suffix}") if file.name != "__init__.py"]
    assert sorted(named) == sorted(str(file.relative_to(ROOT)) for file in modules)


def test_the_glossary_is_short():
    assert 10 < len(LAYOUT.partition("```")[0].split()) <= 40
