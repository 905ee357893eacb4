"""What is read, and what is refused in which words."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from service.settings import Settings
from service.settings_reader import SettingsError, read_settings

ROOT = Path(__file__).parents[1]
NAMES = [field.name.upper() for field in fields(Settings)]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def read(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings("no-such-file")


def test_an_empty_environment_gives_mock_mode_and_the_defaults(monkeypatch):
    assert read(monkeypatch) == Settings()
    assert read(monkeypatch).mode == "mock"


def test_a_key_is_enough_to_talk_to_dify(monkeypatch):
    settings = read(monkeypatch, DIFY_API_KEY="app-x")
    assert (settings.mode, settings.dify_api_key) == ("dify", "app-x")


def test_a_proxy_of_the_environment_that_cannot_be_used_is_refused_where_it_would_be_passed_by(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:secret@proxy.example.com:1080")
    assert read(monkeypatch).mock_mode
    with pytest.raises(SettingsError, match="HTTPS_PROXY: Must be a URL") as raised:
        read(monkeypatch, DIFY_API_KEY="app-x")
    assert "secret" not in str(raised.value)
    monkeypatch.setenv("NO_PROXY", "api.dify.ai")
    assert read(monkeypatch).dify_api_key == "app-x"
    monkeypatch.delenv("NO_PROXY")
    assert read(monkeypatch, DIFY_PROXY="http://proxy.example.com:3128").dify_proxy


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("APP_NAME", "Ward \udcff", "no UTF-8"), ("HOST", "a\nb", "control character"),
        ("AUTH_JWT_SECRET", "\udcff" * 32, "no UTF-8"), ("DIFY_IDLE_TIMEOUT", "nan", "not permitted"),
        ("DIFY_IDLE_TIMEOUT", "1e10", "up to"), ("DIFY_RETRY_BUDGET", "1e30", "up to"),
        ("MAX_CONNECTIONS", "9" * 30, "up to"),
        ("WEB_CONCURRENCY", "100000", "1 to 256"), ("DIFY_API_URL", "https://dify.example.com/v1 ", "without a blank"),
        ("REDIS_URL", "redis://:sec#ret@h", "%23"),
        ("ALLOWED_HOSTS", "a.example,\udcff", "no UTF-8"), ("DIFY_MAX_CONCURRENCY", "many", "integer"),
    ],
)  # fmt: skip
def test_what_would_fail_later_is_refused_by_name(monkeypatch, name, value, words):
    with pytest.raises(SettingsError) as raised:
        read(monkeypatch, **{name: value})
    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()[1:]] == [name]
    assert words in str(raised.value)


def test_a_secret_of_other_servers_may_have_any_characters(monkeypatch):
    assert read(monkeypatch, AUTH_JWT_SECRET="x" * 32 + "\n").auth_jwt_secret.endswith("\n")


@pytest.mark.parametrize("content", [b"APP_NAME=a\0b\n", "APP_NAME=Böm\n".encode("latin-1")])
def test_a_file_that_cannot_be_read_as_text_is_refused(monkeypatch, tmp_path, content):
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=r"APP_NAME: Has a NUL|\.env: cannot be read: .* can't decode"):
        read_settings(str(tmp_path / ".env"))


def test_the_proxy_and_the_certificates_may_stand_in_the_file(monkeypatch, tmp_path):
    names = ["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"]
    for name in names:
        monkeypatch.setenv(name, "restored afterwards")
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "first.example.com")
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://p:3128\nNO_PROXY=second.example.com\nSSL_CERT_FILE=/ca.pem\n")
    read_settings(str(tmp_path / ".env"))
    assert [os.environ[name] for name in names] == ["http://p:3128", "first.example.com", "/ca.pem"]


def test_mock_mode_may_be_asked_for_with_a_key(monkeypatch):
    assert read(monkeypatch, DIFY_API_KEY="app-x", MOCK_MODE="True").mock_mode


def test_every_setting_is_read(monkeypatch):
    settings = read(
        monkeypatch,
        APP_NAME="Ward 7", DEBUG="yes", HOST="127.0.0.1", PORT="9000", RELOAD="1",
        DIFY_API_URL="http://dify.local/v1/", DIFY_API_KEY="app-x", DIFY_CONNECT_TIMEOUT="1.5", DIFY_IDLE_TIMEOUT="9",
        DIFY_FIRST_EVENT_TIMEOUT="8", DIFY_TOTAL_TIMEOUT="99", DIFY_MAX_CONCURRENCY="5", DIFY_MAX_WAITING="0",
        DIFY_WAIT_TIMEOUT="6", DIFY_RETRY_BUDGET="0", DIFY_BREAKER_FAILURES="7", DIFY_BREAKER_REST="2.5",
        DEGRADE_TO_MOCK="False", MOCK_TOKENS_PER_SECOND="3",
        MOCK_MODE="false", WEBSOCKET_HEARTBEAT_INTERVAL="0.5", WEBSOCKET_HEARTBEAT_TIMEOUT="2",
        WEBSOCKET_MAX_SIZE="1000", ALLOWED_ORIGINS="https://A.example:443, http://b.example:8080/", MAX_CONNECTIONS="3",
        MAX_CONTENT_LENGTH="4", LOG_LEVEL="warning", LOG_DIR="/tmp/x",
    )  # fmt: skip
    assert settings == Settings(
        app_name="Ward 7", debug=True, host="127.0.0.1", port=9000, reload=True,
        dify_api_url="http://dify.local/v1", dify_api_key="app-x", dify_connect_timeout=1.5, dify_idle_timeout=9,
        dify_first_event_timeout=8, dify_total_timeout=99, dify_max_concurrency=5, dify_max_waiting=0,
        dify_wait_timeout=6, dify_retry_budget=0, dify_breaker_failures=7, dify_breaker_rest=2.5,
        degrade_to_mock=False, mock_tokens_per_second=3,
        mock_mode=False, websocket_heartbeat_interval=0.5, websocket_heartbeat_timeout=2, websocket_max_size=1000,
        allowed_origins=("https://a.example", "http://b.example:8080"), max_connections=3, max_content_length=4,
        log_level="WARNING", log_dir="/tmp/x",
    )  # fmt: skip


def test_debug_turns_the_log_up_unless_a_level_is_given(monkeypatch):
    assert read(monkeypatch, DEBUG="True").log_level == "DEBUG"
    assert read(monkeypatch, LOG_LEVEL="ERROR").log_level == "ERROR"


def test_the_env_file_says_what_the_environment_does_not(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text('PORT=9001\nAPP_NAME="From the file"\n')
    monkeypatch.setenv("PORT", "9002")
    settings = read_settings(str(tmp_path / ".env"))
    assert (settings.port, settings.app_name) == (9002, "From the file")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eight", "integer"),
        ("PORT", "70000", "0 to 65535"),
        ("DEBUG", "perhaps", "boolean"),
        ("DIFY_API_URL", "dify.local/v1", "URL such as"),
        ("DIFY_API_URL", "ftp://dify.local", "URL such as"),
        ("DIFY_API_URL", "http://dify:port/v1", "URL such as"),
        ("DIFY_API_URL", "http://[dify/v1", "URL such as"),
        ("DIFY_API_URL", "http://dify/v1?key=x", "URL such as"),
        ("DIFY_API_URL", "http://me:secret@dify/v1", "URL such as"),
        ("DIFY_API_URL", "http://a..b/v1", "URL such as"),
        ("DIFY_API_URL", "http://" + "x" * 64 + "/v1", "URL such as"),
        ("DIFY_API_KEY", '"app-x"', "no key has"),
        ("ALLOWED_ORIGINS", "https://a.example?x", "is not an origin"),
        ("DIFY_API_KEY", "app-x\n", "control character"),
        ("DIFY_API_KEY", "app x", "no key has"),
        ("DIFY_CONNECT_TIMEOUT", "0", "above zero"),
        ("DIFY_IDLE_TIMEOUT", "-1", "above zero"),
        ("DIFY_RETRY_BUDGET", "-1", "zero or a number above"),
        ("WEBSOCKET_HEARTBEAT_INTERVAL", "nan", "not permitted"),
        ("WEBSOCKET_HEARTBEAT_TIMEOUT", "inf", "not permitted"),
        ("WEBSOCKET_HEARTBEAT_TIMEOUT", "30", "longer than WEBSOCKET_HEARTBEAT_INTERVAL"),
        ("WEBSOCKET_MAX_SIZE", "1.5", "integer"),
        ("ALLOWED_ORIGINS", "https://a.example,shop.example", '"shop.example" is not an origin'),
        ("ALLOWED_ORIGINS", "https://a.example/path", "is not an origin"),
        ("MAX_CONNECTIONS", "0", "above zero"),
        ("MAX_CONTENT_LENGTH", "none", "integer"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("MOCK_MODE", "False", "DIFY_API_KEY"),
        ("REDIS_URL", "localhost:6379", "URL such as"),
        ("REDIS_URL", "redis://localhost:port", "URL such as"),
        ("WEB_CONCURRENCY", "0", "1 to 256"),
        ("WEB_CONCURRENCY", "2", "needs REDIS_URL"),
        ("AUTH_JWKS_URL", "https://login.example.com/keys", "AUTH_JWT_AUDIENCE: is needed"),
    ],
)
def test_a_bad_value_is_refused_naming_the_variable_and_why(monkeypatch, name, value, words):
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, **{name: value})
    assert name in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"APP_NAME=\xff\xfe")])
def test_an_env_file_that_cannot_be_read_is_said_so(tmp_path, make):
    make(tmp_path / ".env")
    with pytest.raises(SettingsError) as caught:
        read_settings(str(tmp_path / ".env"))
    assert ".env: cannot be read" in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(monkeypatch):
    with pytest.raises(SettingsError) as caught:
        read(monkeypatch, PORT="x", DEBUG="maybe", LOG_LEVEL="z")
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()[1:]] == [
        "PORT",
        "DEBUG",
        "LOG_LEVEL",
    ]


def test_env_sample_can_be_used_as_it_is(monkeypatch):
    assert read_settings(str(ROOT / "env.sample")) == Settings()


def test_a_misspelt_way_to_sign_in_is_refused_since_it_would_let_in_everybody(monkeypatch):
    with pytest.raises(SettingsError, match=r"AUTH_JWT_SECRETS: is no setting\. Is AUTH_JWT_SECRET meant\?$"):
        read(monkeypatch, AUTH_JWT_SECRETS="s" * 32)


def test_a_name_like_that_of_a_setting_that_is_set_may_be_somebody_elses(monkeypatch):
    assert read(monkeypatch, AUTH_JWT_SECRETS="other", AUTH_JWT_SECRET="s" * 32).takes_tokens


@pytest.mark.parametrize("name", ["METRICS_TOKEN", "ADMIN_TOKEN"])
def test_a_token_of_operators_that_is_too_short_is_refused_and_a_good_one_is_masked(monkeypatch, name):
    with pytest.raises(SettingsError, match=rf"{name}: Must have 16 characters or more"):
        read(monkeypatch, **{name: "short"})
    settings = read(monkeypatch, **{name: "long-enough-for-one"})
    assert settings.masked()[name.lower()] == "***"
    assert "long-enough-for-one" not in repr(settings)
