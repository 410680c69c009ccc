"""TLS on the same port: wss and https with a certificate of one's own."""

import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.contract.conftest import Connect, Meet
from tests.harness.client import Closed
from tests.harness.http import open_api, open_raw_http
from tests.harness.server import Server, serving


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 and its key; return both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with TLS_CERT and TLS_KEY."""
    folder = tmp_path_factory.mktemp("secure")
    certificate, key = self_signed(folder)
    with serving(folder, TLS_CERT=str(certificate), TLS_KEY=str(key)) as server:
        yield server


async def test_https_serves_the_api(secure: Server) -> None:
    """The certificate is checked by the client."""
    async with open_api(secure) as api:
        assert (await api.call("GET", "/readyz")).json()["status"] == "ok"


async def test_wss_serves_rooms_on_the_same_port(meet: Meet, secure: Server) -> None:
    """Join, relay, leave, close."""
    ann, bob = await meet("ann", "bob", at=secure)
    for number in range(50):
        await ann.send({"type": "message", "data": [number, "x" * 2000]})
    await ann.ok("ping")
    assert [event["data"][0] for event in await bob.pending()] == list(range(50))
    await bob.leave()
    assert (await ann.event("user-left"))["reason"] == "disconnected"
    await ann.socket.send_message(b"binary")
    assert (await ann.closed()).code == 1003


async def test_who_speaks_no_tls_harms_nobody(connect: Connect, secure: Server) -> None:
    """Plain HTTP, silence or rubbish on the TLS port; the next client is served."""
    async with open_raw_http(secure) as silent, open_raw_http(secure) as plain:
        await plain.stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        with trio.fail_after(10):
            assert b"200 OK" not in await plain.stream.receive_some(4096)
        await (await connect(at=secure)).ok("ping")
        await silent.stream.aclose()


async def test_a_drain_closes_wss_too(connect: Connect, secure: Server) -> None:
    """Last of this file: SIGTERM, 1012 over TLS, exit code 0."""
    client = await connect(at=secure)
    secure.terminate()
    await client.event("server-shutdown")
    assert await client.closed() == Closed(1012, "service-restart")
    assert await secure.exit_code() == 0
