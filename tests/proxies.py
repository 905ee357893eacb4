"""nginx, HAProxy and Caddy with the files of templates/deploy, in which only what they name as yours is put in."""

import asyncio
import os
import re
import shutil
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import ROOT

FOLDER = ROOT / "templates/deploy"
PREFIX = "/wards/7"  # in place of the files' /assistant: nothing may depend on it
NAMES = {"chat.example.com": "127.0.0.1", "dify.example.com": "localhost"}
START_SECONDS = 20
TRIES = 5  # another program may take a port before the proxy does


class Door(NamedTuple):
    """One way in: a file, and the name and path under which the service is met there."""

    file: str
    host: str
    prefix: str

    def __str__(self):
        return f"{self.file}-{'beside-dify' if self.prefix else 'own-host'}"


DOORS = [
    Door("nginx-own-host.conf", "127.0.0.1", ""),
    Door("nginx-beside-dify.conf", "localhost", PREFIX),
    Door("haproxy.cfg", "127.0.0.1", ""),
    Door("haproxy.cfg", "localhost", PREFIX),
    Door("Caddyfile", "127.0.0.1", ""),
    Door("Caddyfile", "localhost", PREFIX),
]
BESIDE_DIFY = [door for door in DOORS if door.prefix]


def marks(text):
    """What a file's head says is yours to put in."""
    listed = re.search(r"^# Put in what is yours.*\n((?:#   .*\n)+)", text, re.MULTILINE)[1]
    return {mark for line in listed.splitlines() for mark in re.match(r"#   (.*?)  ", line)[1].split(", ")}


def filled_in(text, values):
    """The file, with `values` in place of its marks. No other change is possible."""
    assert set(values) <= marks(text), set(values) - marks(text)
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def settings_of(text):
    """The settings of the service that a file's head asks for, as of Settings."""
    named = dict(re.findall(r"^#   ([A-Z_]+)=(.+)$", text, re.MULTILINE))
    for name, value in NAMES.items():
        named["ALLOWED_HOSTS"] = named["ALLOWED_HOSTS"].replace(name, value)
    return {name.lower(): value if name == "HOST" else tuple(value.split(",")) for name, value in named.items()}


def find(program):
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None and os.environ.get("REQUIRE_PROXIES"):
        pytest.fail(f"{program} is not installed")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def make_certificate(folder):
    """Of this machine's own names: certificate.pem, key.pem, and both in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now, day = datetime.now(UTC), timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(secret)
    (folder / "both.pem").write_bytes(certificate + secret)


def nginx(text, folder):
    """The command. Around the file only what a distribution's nginx.conf has."""
    paths = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root root;" if os.geteuid() == 0 else ""  # or it may not enter the folder
    http = f"http {{ access_log off; {paths} include {folder}/site.conf; }}"
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(f"{user} daemon off; pid {folder}/pid; events {{}} {http}")
    return [find("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def haproxy(text, folder):
    (folder / "haproxy.cfg").write_text(text)
    return [find("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


def caddy(text, folder):
    """Without its API, whose port is fixed."""
    (folder / "sites").write_text(text)
    (folder / "Caddyfile").write_text(f"{{\n admin off\n auto_https off\n}}\nimport {folder}/sites\n")
    return [find("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def command_of(file, text, folder):
    return {"nginx": nginx, "haprox": haproxy, "Caddyf": caddy}[file[:6].removesuffix("-")](text, folder)


def values_for(door, service, dify, ports, folder):
    """What stands in place of the marks of this door's file."""
    text = (FOLDER / door.file).read_text()
    http, https = (f"127.0.0.1:{port}" for port in ports)
    values = {
        "127.0.0.1:8000": service.removeprefix("http://"),
        "127.0.0.1:8080": dify.removeprefix("http://"),
        "/assistant": PREFIX,
        "/etc/ssl/dify-live.pem": f"{folder}/certificate.pem",
        "/etc/ssl/dify-live.key": f"{folder}/key.pem",
        "/etc/haproxy/dify-live.pem": f"{folder}/both.pem",
        "listen 80": f"listen {http}",
        "listen 443": f"listen {https}",
        "bind :80": f"bind {http}",
        "bind :443": f"bind {https}",
    }
    if os.geteuid() != 0:
        values |= {"user haproxy": f"uid {os.geteuid()}", "group haproxy": f"gid {os.getegid()}"}
    own = {name: f"http://{value}:{ports[1]}" for name, value in NAMES.items()} if door.file == "Caddyfile" else NAMES
    return {mark: value for mark, value in (values | own).items() if mark in marks(text)}


@pytest.fixture
async def behind(tmp_path):
    """Start a proxy in front of a service, with a Dify beside it; returns the service as it is met there: its URL."""
    running = []
    make_certificate(tmp_path)

    async def behind(door, service, dify="http://127.0.0.1:1", *, edit=lambda text: text):
        for _ in range(TRIES):
            ports = free_port(), free_port()
            text = edit((FOLDER / door.file).read_text())
            text = filled_in(text, values_for(door, service.url, dify, ports, tmp_path))
            environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
            command = command_of(door.file, text, tmp_path)
            with (tmp_path / "proxy.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
            running.append(process)
            if await _is_up(process, ports[1]):
                scheme = "http" if door.file == "Caddyfile" else "https"
                return Met(door, f"{scheme}://{door.host}:{ports[1]}{door.prefix}", f"http://{door.host}:{ports[0]}")
        pytest.fail((tmp_path / "proxy.log").read_text())

    yield behind
    for process in running:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        process._transport.close()


class Met(NamedTuple):
    """`url` is the service's, `plain` where the proxy listens without TLS."""

    door: Door
    url: str
    plain: str


async def _is_up(process, port):
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return True
    return False


def from_address(address):
    """A session of a client that has this address (of 127.0.0.0/8)."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(local_addr=(address, 0), ssl=False, family=socket.AF_INET)
    )
