"""Where Kafka is and how it is spoken to: addresses taken apart, and what clients are given."""

import ssl

import pytest

from roomlog.brokers import BadBrokers, Brokers, client_options, parse, shown
from roomlog.tls import BadCertificate


@pytest.mark.parametrize(
    ("address", "protocol"),
    [
        ("a:1", "PLAINTEXT"),
        ("kafka://a:1", "PLAINTEXT"),
        ("kafka://u:p@a:1", "SASL_PLAINTEXT"),
        ("kafkas://a:1", "SSL"),
        ("kafkas://u:p@a:1", "SASL_SSL"),
    ],
)
def test_the_scheme_and_the_user_say_how_brokers_are_spoken_to(address, protocol):
    assert parse(address).protocol == protocol


def test_everything_in_an_address_is_found():
    files = "ca=/x.pem&certificate=/y.pem&key=/z.pem"
    found = parse(f"kafkas://in%40gest:p%2Fw:d@b1:9096,b2:9096?mechanism=SCRAM-SHA-256&{files}")
    assert found == Brokers(
        ("b1:9096", "b2:9096"),
        True,
        "in@gest",
        "p/w:d",
        "SCRAM-SHA-256",
        "/x.pem",
        "/y.pem",
        "/z.pem",
    )


def test_clients_get_what_an_address_says():
    assert client_options("b1:1, b2:2") == {"bootstrap_servers": ["b1:1", "b2:2"]}
    options = client_options("kafkas://user:secret@b1:9096")
    assert options.pop("ssl_context").verify_mode is ssl.CERT_REQUIRED
    assert options == {
        "bootstrap_servers": ["b1:9096"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "user",
        "sasl_plain_password": "secret",
    }
    assert parse("kafkas://b1:1").ssl_context is parse("kafkas://b2:1").ssl_context  # read once


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "a:0",
        "a:99999",
        "a:b",
        ",",
        "http://a:1",
        "kafkas://",
        "kafkas://u@a:1",
        "kafkas://:hidden@a:1",
        "kafkas://u:hidden@a",
        "kafkas://u:hidden@a:1?mechanism=GSSAPI",
        "kafkas://u:hidden@a:1?sasl=yes",
        "kafka://a:1?ca=/x.pem",
        "kafka://u:hidden@a:1?certificate=/x.pem",
        "kafkas://a:1?key=/x.pem",
    ],
)
def test_what_makes_no_sense_is_refused_without_telling_the_password(address):
    with pytest.raises(BadBrokers) as refused:
        parse(address)
    assert "hidden" not in str(refused.value)


def test_messages_show_the_servers_alone():
    assert shown("kafkas://user:secret@b1:9096,b2:9096?ca=/x.pem") == "b1:9096,b2:9096"


@pytest.mark.parametrize(
    "address",
    [
        "b1:1,b2:2",
        "kafkas://b1:1",
        "kafka://u:p@b1:1",
        "kafkas://in%40gest:p%2Fw%3Ad@b1:1,b2:2?ca=/x.pem",
        "kafkas://u:p@b1:1?mechanism=SCRAM-SHA-256&ca=/x.pem&certificate=/y.pem&key=/z.pem",
    ],
)
def test_an_address_can_be_written_again(address):
    assert parse(address).address() == address


def test_files_that_are_no_certificates_are_named(tmp_path):
    bad = tmp_path / "bad.pem"
    with pytest.raises(BadCertificate, match=r"bad\.pem has no certificates .*No such file"):
        client_options(f"kafkas://a:1?ca={bad}")
    bad.write_text("nonsense")
    with pytest.raises(BadCertificate, match=r"bad\.pem has no certificates"):
        client_options(f"kafkas://a:1?ca={bad}")
    with pytest.raises(BadCertificate, match=r"bad\.pem: no certificate with its key"):
        client_options(f"kafkas://a:1?certificate={bad}")
