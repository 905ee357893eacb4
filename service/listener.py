"""The socket on which the service listens."""

import errno
import ipaddress
import socket

UNSENT_DATA_TIMEOUT_MS = 60_000


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError. Accepted connections inherit the options. `::` takes IPv4, too, where the system can.

    TCP_NODELAY: asyncio's own loop, unlike uvloop, sets it only for listeners that it made. TCP_USER_TIMEOUT: a client
    that neither reads nor leaves would hold its socket, even a closed one.
    """
    listener = _bind(host, port)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_DATA_TIMEOUT_MS)
    return listener


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if is_any(host) and family is socket.AF_INET6 and socket.has_dualstack_ipv6():
        return socket.create_server((host, port), family=family, dualstack_ipv6=True)
    return socket.create_server((host, port), family=family)


def reason(error: OSError, host: str, port: int) -> str:
    """Why `listen` failed, and what to do about it, by the setting's name."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: {port} is taken on this machine. End what listens there, or set another."
        case errno.EACCES:
            return f"PORT: {port} may not be listened on by this user. Set one above 1023."
        case _:
            return (
                f"HOST: {host} is no address of this machine that can be listened on. 0.0.0.0 and :: are all of them."
            )


def url(listener: socket.socket) -> str:
    """For a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if is_any(host):
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_any(host: str) -> bool:
    """Whether it stands for every address of this machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
