"""Settings from the environment and the file .env. Only misspelt_settings and outbound read the environment, too."""

import os
from collections.abc import Mapping
from dataclasses import Field
from typing import Any, cast

from environs import Env, EnvValidationError, ValidationError

from service.misspelt_settings import misspelt_names
from service.outbound import proxy_of_environment
from service.setting_conflicts import conflicts_of
from service.setting_types import Declaration, is_one_line, is_text, proxy_url
from service.settings import Settings, declarations

_READ_BY_LIBRARIES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


class SettingsError(Exception):
    """One or more settings are wrong; the message names each variable and says why, a line each."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(("Bad settings, see env.sample:", *lines)))


def read_settings(env_file: str = ".env") -> Settings:
    """Read the environment, and `env_file` for what the environment lacks.

    Raises SettingsError naming every bad variable.
    """
    env = Env(eager=False)
    try:
        env.read_env(env_file, recurse=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{env_file}: cannot be read: {error}.") from None
    _hand_on(env)
    values: dict[str, Any] = {}
    for field, declaration in declarations():
        default = declaration.derive(values) if declaration.derive is not None else field.default
        values[field.name] = _read(env, field, declaration, default)
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast(Mapping[str, list[str]], error.error_messages)
        raise SettingsError(*(f"{name}: {' '.join(words)}" for name, words in messages.items())) from None
    settings = Settings(**values)
    _check_names(settings, env_file)
    _check_proxy(settings)
    if conflicts := list(conflicts_of(settings)):
        raise SettingsError(*conflicts)
    return settings


def _read(env: Env, field: Field[Any], declaration: Declaration, default: Any) -> Any:
    """A method of `env` for each type (`env.float`) validates; a parser of ours gets the default, too.

    The default where the value is bad, which `env` tells at the end.
    """
    name = field.name.upper()
    if not _is_readable(env, name, declaration):
        return default
    if declaration.parse is not None:
        env.add_parser(name, declaration.parse)
        value = getattr(env, name)(name, default or "")
    else:
        value = getattr(env, field.type.__name__)(name, default, validate=declaration.bounds)  # type: ignore[union-attr]
    return default if value is None else value


def _is_readable(env: Env, name: str, declaration: Declaration) -> bool:
    check = is_text if declaration.of_many_lines else is_one_line
    try:
        check(env.str(name, ""))
    except ValidationError:
        env.str(name, validate=check)  # which `env` tells at the end
        return False
    return True


def _hand_on(env: Env) -> None:
    """What OpenSSL and the look-up of proxies read from the environment only may stand in the file, too."""
    for name in _READ_BY_LIBRARIES:
        value = env.str(name, "")
        if value and "\0" not in value:
            os.environ.setdefault(name, value)


def _check_names(settings: Settings, env_file: str) -> None:
    """A misspelt AUTH_… would leave the door open to everybody."""
    meant = [pair for pair in misspelt_names(env_file) if pair[1].startswith("AUTH_")]
    if lost := [(name, it) for name, it in meant if not getattr(settings, it.lower())]:
        raise SettingsError(*(f"{name}: is no setting. Is {it} meant?" for name, it in lost))


def _check_proxy(settings: Settings) -> None:
    """One that cannot be used is not passed by without a word, where Dify would be asked through it."""
    if settings.mock_mode or settings.dify_proxy:
        return
    try:
        proxy_url(proxy_of_environment(settings.dify_api_url))
    except ValidationError as error:
        fix = "Set DIFY_PROXY to another, or name Dify's host in NO_PROXY."
        raise SettingsError(f"HTTPS_PROXY: {error} {fix}") from None
