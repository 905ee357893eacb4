"""Names in the environment and the file that are nearly those of settings."""

import pytest

from service.misspelt_settings import misspelt_names
from service.settings import Settings
from service.settings_reader import read_settings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DIFY_API_KYE", "DIFY_API_KEY"), ("DIFY_APIKEY", "DIFY_API_KEY"), ("DFY_API_KEYS", "DIFY_API_KEY"),
        ("LOG_LEVL", "LOG_LEVEL"), ("LOGLEVL", "LOG_LEVEL"), ("WEBSOKET_MAX_SIZ", "WEBSOCKET_MAX_SIZE"),
        ("dify_api_url", "DIFY_API_URL"), ("PROT", "PORT"), ("DEBG", "DEBUG"), ("RELOADS", "RELOAD"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_found_with_the_one_that_was_meant(monkeypatch, name, meant):
    monkeypatch.setenv(name, "x")
    assert (name, meant) in list(misspelt_names())


@pytest.mark.parametrize("name", ["HOME", "PATH", "PWD", "HOSTNAME", "DIFY_KEY", "LOG_FILE", "REDIS_HOST"])
def test_other_names_are_nobody_s_business(monkeypatch, name):
    monkeypatch.setenv(name, "x")
    assert name not in dict(misspelt_names())


def test_a_misspelt_name_in_the_file_is_found_too(tmp_path):
    (tmp_path / ".env").write_text("#LOG_DRI=1\n export LOG_DRI = /tmp/x\n")
    assert read_settings(str(tmp_path / ".env")) == Settings()
    assert ("LOG_DRI", "LOG_DIR") in list(misspelt_names(str(tmp_path / ".env")))
