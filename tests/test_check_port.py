"""Whether the service could listen where it is told to."""

import socket

import pytest
from aiohttp import web

from service.check_port import port_finding


async def test_a_free_port_is_well_and_free_afterwards(unused_tcp_port):
    for _ in range(2):
        finding = await port_finding("127.0.0.1", unused_tcp_port)
        assert (finding.words, finding.fix) == (f"{unused_tcp_port} is free at 127.0.0.1", "")


@pytest.mark.parametrize("reply", ['{"data": {"status": "up"}}', '{"data": 1}', "[]", "Hello"])
async def test_one_that_another_program_has_taken_is_told_by_its_setting(aiohttp_server, reply):
    async def health(_):
        return web.Response(text=reply)

    app = web.Application()
    app.router.add_get("/health", health)
    finding = await port_finding("127.0.0.1", (await aiohttp_server(app)).port)
    assert finding.words == "cannot be listened on: Address already in use"
    assert "PORT" in finding.fix


async def test_so_is_one_where_nobody_replies(monkeypatch):
    monkeypatch.setattr("service.check_port.ASK_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "PORT" in (await port_finding("127.0.0.1", taken.getsockname()[1])).fix


async def test_an_address_of_another_machine_is_told_by_its_setting():
    assert "HOST" in (await port_finding("203.0.113.7", 0)).fix


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_where_the_service_runs_already_all_is_well(start, host):
    service = await start()
    port = int(service.url.rpartition(":")[2])
    finding = await port_finding(host, port)
    assert (finding.words, finding.fix) == (f"{port}: this service runs there already", "")
