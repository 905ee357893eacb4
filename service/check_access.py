"""What `python -m service check` finds in the settings that say who may come, under which name, and how often."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from service.admission.jwks import FETCH_ERRORS, Jwks
from service.misspelt_settings import misspelt_names
from service.settings import Settings


@dataclass(frozen=True)
class Finding:
    """A line of the check; with a `fix` where something is wrong, with `advice` where it may be."""

    what: str
    words: str
    fix: str = ""
    advice: str = ""


async def access_findings(settings: Settings) -> AsyncIterator[Finding]:
    for name, meant in misspelt_names():
        advice = f"Is {meant} meant? If it is another program's, all is well."
        yield Finding("settings", f"{name} is no setting of this service", advice=advice)
    yield _hosts(settings.allowed_hosts)
    if "*" in settings.allowed_origins:
        yield Finding("origins", "any page may connect (*). Name yours in ALLOWED_ORIGINS, unless that is meant")
    yield await _users(settings)
    yield _addresses(settings)
    if not settings.tokens_per_day:
        yield Finding("budget", "none: TOKENS_PER_DAY bounds what answers may cost on a day")


def _hosts(allowed: tuple[str, ...]) -> Finding:
    if allowed:
        return Finding("hosts", f"asked under {', '.join(allowed)}, addresses and localhost")
    return Finding(
        "hosts",
        "any name is served. Set ALLOWED_HOSTS to the one that browsers show: a page of a foreign name, pointed to "
        "this machine, is of the service's own origin else",
    )


async def _users(settings: Settings) -> Finding:
    if settings.auth_header:
        proxies = ", ".join(settings.auth_proxy_ips)
        return Finding("users", f"whom {settings.auth_header} names, from {proxies} and nowhere else")
    if settings.auth_jwks_url:
        return await _provider(settings)
    if settings.auth_jwt_secret:
        return Finding("users", f"who has a token signed with AUTH_JWT_SECRET{_demanded(settings)}")
    return Finding("users", "anybody may ask; AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_HEADER would say who")


async def _provider(settings: Settings) -> Finding:
    try:
        keys = await Jwks(settings.auth_jwks_url).download()
    except FETCH_ERRORS as error:
        return Finding(
            "users",
            f"nobody gets in: AUTH_JWKS_URL cannot be read: {str(error) or type(error).__name__}"[:300],
            "Set it to the jwks_uri of the provider's /.well-known/openid-configuration. Does this machine reach it?",
        )
    return Finding(
        "users", f"who has a token signed with one of {len(keys)} keys of AUTH_JWKS_URL{_demanded(settings)}"
    )


def _demanded(settings: Settings) -> str:
    claims = {"aud": settings.auth_jwt_audience, "iss": settings.auth_jwt_issuer}
    return "".join(f", {claim} {value}" for claim, value in claims.items() if value)


def _addresses(settings: Settings) -> Finding:
    trusted = settings.forwarded_allow_ips
    if not trusted:
        counted = "clients count by their own; behind a proxy nobody does, until FORWARDED_ALLOW_IPS names it"
    elif "*" in trusted:
        counted = "the last of X-Forwarded-For, whoever sends it: right only where nothing but the proxy can connect"
    else:
        counted = f"those of X-Forwarded-For from {', '.join(trusted)}"
    most = settings.address_max_answers
    many = f". {most} answers at once for each: set ADDRESS_MAX_ANSWERS higher where many people share one"
    return Finding("addresses", counted + (many if most else ""))
