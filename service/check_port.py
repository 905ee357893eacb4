"""What `python -m service check` finds where the service is to listen."""

import asyncio
import errno
import http.client
import json
import os

from service.check_access import Finding
from service.listener import is_any, listen, reason

ASK_TIMEOUT_SECONDS = 2


async def port_finding(host: str, port: int) -> Finding:
    try:
        listen(host, port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await asyncio.to_thread(_is_this_service, host, port):
            return Finding("port", f"{port}: this service runs there already")
        return Finding("port", f"cannot be listened on: {_words(error)}", reason(error, host, port))
    return Finding("port", f"{port} is free at {host}")


def _words(error: OSError) -> str:
    """Without the address, which is told apart."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


def _is_this_service(host: str, port: int) -> bool:
    """By what /health says. No proxy is asked."""
    connection = http.client.HTTPConnection("localhost" if is_any(host) else host, port, timeout=ASK_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health")
        return "log_lines_dropped" in json.load(connection.getresponse())["data"]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return False
    finally:
        connection.close()
