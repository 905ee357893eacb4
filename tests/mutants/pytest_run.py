"""pytest in a process of its own, in which one module has another source than it has on disk."""

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRELOADED = ["aiohttp.web", "hypothesis.strategies", "jsonschema", "playwright.async_api", "pytest", "structlog",
             "starlette.applications", "uvicorn"]  # fmt: skip
"""What takes long to import, and is none of ours."""
REWRITE = "pytest.PytestAssertRewriteWarning"  # of a plugin that was preloaded
PASSED = pytest.ExitCode.OK
FOUND = {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR}
"""Interrupted: a test module could not be imported; a usage error: conftest could not."""


class _OtherSource(SourceFileLoader):
    def __init__(self, name, path, source):
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname):
        return compile(self._source, self.path, "exec")


class _Finder:
    """Finds one module before all other finders do."""

    def __init__(self, path, source):
        self._path = str(path)
        self._name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self._source = source

    def find_spec(self, name, path, target=None):
        if name != self._name:
            return None
        return spec_from_file_location(name, self._path, loader=_OtherSource(name, self._path, self._source))


def run_pytest(path, source, tests, outcome):
    """Sends pytest's exit code to `outcome`, a pipe's writing end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(nowhere, output)
    os.chdir(ROOT)
    sys.meta_path.insert(0, _Finder(path, source))
    options = ("-x", "-n0", "-pno:cacheprovider", "--hypothesis-profile=ci", f"-Wignore::{REWRITE}")
    outcome.send(int(pytest.main([*options, str(tests)])))
