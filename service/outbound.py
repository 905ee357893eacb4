"""The way out to other servers: through which proxy, and which certificates are trusted there."""

import ipaddress
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass


def proxy_of_environment(url: str) -> str:
    """HTTPS_PROXY for an https address, unless NO_PROXY names its host, as curl reads them; empty where there is none.

    None is ever used for http, where it could read a key, nor for what is near: Docker hands its own proxy to all
    containers.
    """
    target = urlsplit(url)
    place = target.netloc.rpartition("@")[2].lower()
    if target.scheme != "https" or is_near(target.hostname or "") or proxy_bypass(place):
        return ""
    proxy = getproxies_environment().get("https", "")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def is_near(host: str) -> bool:
    """Loopback, private addresses, and names that only a local network knows."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def without_credentials(url: str) -> str:
    """For people and logs."""
    credentials, _, _ = urlsplit(url).netloc.rpartition("@")
    return url.replace(f"{credentials}@", "***@", 1) if credentials else url


def tls_context() -> ssl.SSLContext:
    """Trusts what SSL_CERT_FILE and SSL_CERT_DIR say now, so also where .env says it; without them the system's."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
