"""Which of the page's tests `make test` passes: those without a browser, and a few stories in one."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.fixturenames and not item.get_closest_marker("smoke"):
            item.add_marker(pytest.mark.slow)
