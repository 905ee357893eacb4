"""Settings: their defaults, and where they are listed."""

from dataclasses import fields

from service.settings import Settings
from tests import settings_docs


def test_the_key_is_not_in_what_is_shown():
    settings = Settings(dify_api_key="app-secret")
    assert "app-secret" not in f"{settings} {settings.masked()}"
    assert settings.masked()["dify_api_key"] == "***"


def test_env_sample_says_what_is_declared():
    assert settings_docs.SAMPLE.read_text() == settings_docs.env_sample(), "run python -m tests.settings_docs"


def test_each_setting_stands_in_env_sample_with_its_default():
    lines = settings_docs.SAMPLE.read_text().splitlines()
    assert "DIFY_CONNECT_TIMEOUT=5" in lines
    names = [field.name.upper() for field in fields(Settings)]
    assert [name for name in names if not any(line.removeprefix("# ").startswith(f"{name}=") for line in lines)] == []


def test_the_defaults_keep_a_person_waiting_no_longer_than_they_accept():
    settings = Settings()
    assert settings.dify_retry_budget <= 10
    assert settings.dify_idle_timeout > 10  # Dify's own sign of life comes every ten seconds
