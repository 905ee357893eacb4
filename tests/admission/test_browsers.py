"""Browsers by their User-Agents."""

import pytest

from service.admission.browsers import browser_of

MOZILLA, WEBKIT = "Mozilla/5.0", "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "browser"),
    [
        (f"{MOZILLA} (X11; Linux x86_64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome 126"),
        (f"{MOZILLA} (Windows NT 10.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/125.0.1", "Edge 125"),
        (f"{MOZILLA} (Windows NT 10.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 OPR/112.0", "Opera 112"),
        (f"{MOZILLA} (Linux) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0 Safari/537.36", "Samsung Internet 25"),
        (f"{MOZILLA} (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari 17.5"),
        (f"{MOZILLA} (iPhone) AppleWebKit/605.1 (KHTML, like Gecko) CriOS/126.0 Mobile/15E Safari/604.1", "Chrome 126"),
        (f"{MOZILLA} (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox 127"),
        (f"{MOZILLA} (Linux; Android 11; wv) {WEBKIT} Version/4.0 Chrome/92.0 Mobile Safari/537.36", "Chrome 92"),
        ("Python/3.11 aiohttp/3.14.5", "Python/3.11"),
        ("x" * 10_000, "x" * 40),
        ("Version/" * 2_000, "Version/" * 5),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_it_is_told_by_name_and_version_and_anything_else_by_its_first_product(user_agent, browser):
    assert browser_of(user_agent) == browser
