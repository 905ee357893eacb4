"""Hosts under which the service is not asked, over real sockets."""

import pytest

from service.admission.host_check import HostCheck
from tests.chat.test_gateway import refusal
from tests.conftest import logged

OURS = ("chat.example.com", "*.ward.example")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "chat.example.com.evil.example"])
async def test_a_page_of_a_rebound_name_gets_neither_a_socket_nor_the_api(start, http, call, host):
    service = await start(allowed_hosts=OURS)
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert await refusal(http, service, **headers) == 403
    status, reply = await call(service, "GET", "/api/app", headers=headers)
    assert (status, "ALLOWED_HOSTS" in reply["message"]) == (403, True)
    assert (await call(service, "GET", "/health", headers=headers))[0] == 200


@pytest.mark.parametrize("host", ["Chat.Example.com.:8443", "a.ward.example", "localhost:1", "[::1]:2", "192.0.2.7"])
async def test_the_named_hosts_addresses_and_localhost_are_served(start, http, call, host):
    service = await start(allowed_hosts=OURS)
    socket = await http.ws_connect(f"{service.url}/ws/chat", headers={"Host": host})
    await socket.close()
    assert (await call(service, "GET", "/api/app", headers={"Host": host}))[0] == 200


async def test_without_the_setting_a_foreign_name_from_this_machine_is_warned_of_once(start, call, events):
    service = await start()
    for host in ("localhost", "192.0.2.7", "ward", "evil.example", "evil.example"):
        assert (await call(service, "GET", "/api/app", headers={"Host": host}))[0] == 200
    assert [(event["host"], event["see"]) for event in logged(events, "host.foreign")] == [
        ("evil.example", "ALLOWED_HOSTS")
    ]


@pytest.mark.parametrize("address", ["192.0.2.7", None, "no address"])
def test_others_come_under_the_service_s_own_name(events, address):
    assert HostCheck().refusal("chat.example.com", address) is None
    assert events == []
