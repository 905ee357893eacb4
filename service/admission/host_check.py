"""ALLOWED_HOSTS at work: names under which the service is not asked are refused, or warned of."""

from dataclasses import dataclass

import structlog

from service.admission.addresses import LOOPBACK
from service.admission.hosts import is_foreign, is_served

log = structlog.get_logger()


@dataclass(slots=True)
class HostCheck:
    allowed: tuple[str, ...] = ()
    _has_warned: bool = False

    def refusal(self, host: str, client_address: str | None) -> str | None:
        """In words, where the Host header is none of ours. Without ALLOWED_HOSTS only a warning is logged, once.

        A browser on this machine that comes under a foreign name shows the page of somebody who pointed it here, or of
        an operator whose proxy passes on no address.
        """
        if not is_served(host, self.allowed):
            return f"This service is not asked under the name {host[:100]!r}: see ALLOWED_HOSTS."
        if not self.allowed and not self._has_warned and client_address in LOOPBACK and is_foreign(host):
            self._has_warned = True
            log.warning("host.foreign", host=host[:100], see="ALLOWED_HOSTS")
        return None
