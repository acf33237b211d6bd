"""What is said of a handshake that fails: real ones, between two ends in memory."""

import ssl

import pytest

from roomlog import tls
from tests.authority import HERE, Authority


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str = "localhost") -> None:
    """Let both ends talk until both are content; raises what ends it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                if end is ours:
                    raise
    try:
        ours.read(1)  # a server of TLS 1.3 refuses a certificate only now
    except ssl.SSLWantReadError:
        return


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


def server(pair, wants=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    if wants:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(wants.file)
    return context


def told(client, server, host="localhost"):
    try:
        handshake(client, server, host)
    except ssl.SSLError as error:
        return tls.complaint(error, "?ca=FILE")
    return ""


def test_a_good_certificate_is_believed(authority):
    client = tls.context(str(authority.file))
    assert told(client, server(authority.sign("server"))) == ""
    assert told(client, server(authority.sign("server")), "127.0.0.1") == ""


@pytest.mark.parametrize(
    ("signed", "host", "complaint"),
    [
        ({"expired": True}, "localhost", "its certificate has expired; give the server a new one"),
        ({"hosts": ("elsewhere.example",)}, "localhost", "its certificate is for another host"),
        ({"hosts": HERE}, "127.0.0.2", "its certificate is for another host"),
    ],
)
def test_what_is_wrong_with_a_certificate(authority, signed, host, complaint):
    found = told(tls.context(str(authority.file)), server(authority.sign("server", **signed)), host)
    assert found.startswith(complaint)


def test_an_authority_that_is_not_believed(authority, stranger):
    for client in (tls.context(str(stranger.file)), tls.context()):
        found = told(client, server(authority.sign("server")))
        assert found.endswith(
            "not signed by an authority that is believed here; name the right one's PEM file with ?ca=FILE"
        )


def test_our_own_certificate(authority, stranger):
    at = server(authority.sign("server"), wants=authority)
    ca = str(authority.file)
    good, bad = authority.sign("client"), stranger.sign("client")
    assert "wants a certificate of ours" in told(tls.context(ca), at)
    assert told(tls.context(ca, str(good.certificate), str(good.key)), at) == ""
    assert told(tls.context(ca, str(good.together())), at) == ""
    assert "wants a certificate of ours" in told(
        tls.context(ca, str(bad.certificate), str(bad.key)), at
    )
    with pytest.raises(tls.BadCertificate, match="no certificate with its key"):
        tls.context(ca, str(good.certificate), str(bad.key))


def test_a_server_without_tls_and_errors_of_something_else(authority):
    there = ssl.MemoryBIO()
    end = tls.context(str(authority.file)).wrap_bio(
        there, ssl.MemoryBIO(), server_hostname="localhost"
    )
    there.write(b"-ERR unknown command\r\n")
    with pytest.raises(ssl.SSLError) as failed:
        end.do_handshake()
    assert tls.complaint(failed.value, "") == "it does not speak TLS at this port"
    closed = ConnectionError("closed")
    closed.__cause__ = failed.value
    assert tls.complaint(closed, "") == "it does not speak TLS at this port"
    assert tls.complaint(ConnectionRefusedError(), "") == tls.complaint(None, "") == ""
