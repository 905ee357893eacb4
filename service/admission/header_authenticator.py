"""AUTH_HEADER: a proxy has logged the user in, and says who it is."""

from service.admission.addresses import Networks
from service.admission.authentication import Reason, Scope, Unauthenticated
from service.admission.caller import MAX_SUBJECT_CHARACTERS, Principal, is_subject
from service.admission.proxy_headers import PEER


class HeaderAuthenticator:
    """Believes `header` where the socket's own peer is one of `proxies`, addresses and networks, and nobody else."""

    tokens = None

    def __init__(self, header: str, proxies: tuple[str, ...]) -> None:
        self._header = header.lower().encode()
        self._proxies = Networks(proxies)

    async def identify(self, scope: Scope) -> Principal:
        if scope.get(PEER, "") not in self._proxies:
            raise Unauthenticated(Reason.MISSING, "the peer is none of AUTH_PROXY_IPS")
        values = [value for name, value in scope["headers"] if name == self._header]
        if not values or values == [b""]:
            raise Unauthenticated(Reason.MISSING, "the proxy sent no AUTH_HEADER", by_close=True)
        if len(values) > 1:
            raise Unauthenticated(Reason.INVALID, "AUTH_HEADER is repeated: the proxy must overwrite it")
        return Principal(_subject(values[0]))

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass


def _subject(value: bytes) -> str:
    subject = value.decode(errors="replace")
    if not is_subject(subject) or "\N{REPLACEMENT CHARACTER}" in subject:
        words = f"AUTH_HEADER is not 1 to {MAX_SUBJECT_CHARACTERS} printable characters (UTF-8)"
        raise Unauthenticated(Reason.INVALID, words)
    return subject
