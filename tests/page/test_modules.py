"""The page's own files: what is pure passes its tests in Node.js, and all of it stays small and plain."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from service.answers import failures
from service.chat import authentication, turn_failures
from tests.page.browser import NODE, STATIC

MODULES = sorted(STATIC.glob("**/*.js"))
LONGEST_MODULE_LINES = 260
LARGEST_CODE_BYTES = 349_500  # of all that the page, its voice and its bubble are made of
LARGEST_SOURCE_BYTES = 433_000  # the same, with its comments
COMMENTS = re.compile(r"/\*.*?\*/\n?|\{#.*?#\}\n?|^\s*//.*?\n|\s// .*?$", re.DOTALL | re.MULTILINE)
# fmt: off
WAYS_TO_MAKE_MARKUP = [
    "innerHTML", "outerHTML", "insertAdjacentHTML", "setHTML", "document.write", "parseFromString", "srcdoc",
    "createContextualFragment", "eval(", "Function(", "javascript:",
]
# fmt: on


@pytest.mark.skipif(NODE is None and not os.environ.get("REQUIRE_BROWSER"), reason="no Node.js on this machine")
@pytest.mark.timeout(180)  # twelve seconds, on a machine of its own
@pytest.mark.parametrize("fuzz_times", ["1", pytest.param("4", marks=pytest.mark.slow)])
async def test_the_pure_modules_pass_their_own_tests(fuzz_times):
    tests = sorted(str(path) for path in Path(__file__).parent.glob("js/*.test.mjs"))
    assert tests
    process = await asyncio.create_subprocess_exec(
        NODE, "--test", *tests, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"FUZZ_TIMES": fuzz_times},
    )  # fmt: skip
    out, _ = await process.communicate()
    process._transport.close()
    assert process.returncode == 0, out.decode()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(STATIC)))
def test_each_module_is_small_and_makes_no_markup_from_strings(module):
    text = module.read_text()
    assert [way for way in WAYS_TO_MAKE_MARKUP if way in text] == []
    assert len(text.splitlines()) <= LONGEST_MODULE_LINES


def test_the_page_stays_small_and_comes_from_here_alone():
    templates = [STATIC.parent / "templates" / name for name in ("base.html", "chat.html", "unfit.html", "kiosk.html")]
    files = [path for path in STATIC.rglob("*") if path.is_file() and not is_reference_s(path)] + templates
    sources = [path.read_text() for path in files]
    assert sum(len(source.encode()) for source in sources) < LARGEST_SOURCE_BYTES
    assert sum(len(COMMENTS.sub("", source).encode()) for source in sources) < LARGEST_CODE_BYTES
    for path in templates:
        assert "://" not in path.read_text()


def is_reference_s(path):
    return path.name == "docs.css" or path.parent.name == "docs"


def imports_of(module):
    text = (STATIC / f"js/{module}.js").read_text()
    return set(re.findall(r'^(?:import|export) .*?from "\./([\w-]+)\.js"', text, re.MULTILINE))


def test_what_the_page_s_modules_import_in_turn_is_fetched_at_once():
    """Not wave after wave. What the first of them imports, the browser finds by itself."""
    first = imports_of("chat")
    later, found = set(), set(first)
    while found:
        module = found.pop()
        found |= imports_of(module) - first - later
        later |= imports_of(module) - first
    named = re.search(r'for module in "([^"]*)"', (STATIC.parent / "templates/chat.html").read_text())[1]
    assert set(named.split()) == later


@pytest.mark.parametrize(
    "reason", [failure.reason for failure in (*failures.ALL, *turn_failures.FAILURES, *authentication.FAILURES)]
)
def test_the_page_has_words_for_each_failure(reason):
    own = f"\nreason.{reason}: " in (STATIC / "js/translations.js").read_text()
    assert own or re.search(rf'[" ]{reason}[" ]', (STATIC / "js/i18n.js").read_text())
