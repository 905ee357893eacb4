"""A proxy's word for who the user is."""

import pytest

from service.admission.authentication import Unauthenticated
from service.admission.header_authenticator import HeaderAuthenticator
from service.admission.proxy_headers import PEER

PROXY = HeaderAuthenticator("X-Forwarded-User", ("127.0.0.1", "10.0.0.0/8", "fd00::/8"))


def scope(*values, peer="127.0.0.1", **others):
    return {PEER: peer, "headers": [(b"x-forwarded-user", value) for value in values], **others}


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.255.0.1", "fd00::1", "::ffff:127.0.0.1"])
async def test_the_proxy_is_believed(peer):
    principal = await PROXY.identify(scope("Ана".encode(), peer=peer))
    assert (principal.subject, principal.expires_at) == ("Ана", None)


@pytest.mark.parametrize("peer", ["", "127.0.0.2", "192.0.2.1", "::1", "proxy", "fe80::1%eth0"])
async def test_nobody_else_is(peer):
    with pytest.raises(Unauthenticated, match="none of AUTH_PROXY_IPS") as caught:
        await PROXY.identify(scope(b"ana", peer=peer))
    assert not caught.value.by_close


async def test_without_a_known_peer_nobody_is():
    forwarded = {"client": ("127.0.0.1", 80)}
    with pytest.raises(Unauthenticated, match="none of AUTH_PROXY_IPS"):
        await PROXY.identify({"headers": [(b"x-forwarded-user", b"ana")], **forwarded})


@pytest.mark.parametrize("values", [(), (b"",)])
async def test_whom_the_proxy_does_not_know_is_told_so_by_a_close_code(values):
    with pytest.raises(Unauthenticated, match="token_missing") as caught:
        await PROXY.identify(scope(*values))
    assert caught.value.by_close


@pytest.mark.parametrize(
    "values", [(b"ana", b"ben"), (b"ana", b"ana"), (b"ana", b""), (b"\xff",), (b" ",), (b"x" * 256,), (b"a\x07",)]
)
async def test_a_repeated_or_odd_header_is_refused(values):
    with pytest.raises(Unauthenticated, match="token_invalid"):
        await PROXY.identify(scope(*values))


async def test_it_takes_no_tokens_and_has_nothing_to_start_or_end():
    assert PROXY.tokens is None
    await PROXY.start()
    await PROXY.close()
