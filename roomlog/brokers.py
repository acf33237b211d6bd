"""Where Kafka is and how it is spoken to: what `ROOMLOG_KAFKA` says, in the words of aiokafka's clients.

    HOST:PORT,HOST:PORT                                    plain, for one machine
    kafkas://HOST:PORT,HOST:PORT                           TLS
    kafkas://USER:PASSWORD@HOST:PORT,HOST:PORT             TLS, and SASL with SCRAM-SHA-512
        ?mechanism=SCRAM-SHA-256                           another SASL mechanism
        ?ca=FILE                                           PEM file of who signed the brokers' certificates
        ?certificate=FILE&key=FILE                         PEM files of our own certificate and its key

`kafka://` is the same without TLS. What is special in USER or PASSWORD is percent-encoded, as in every URL.
"""

import ssl
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from roomlog import tls

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_SCHEMES = ("kafka", "kafkas")
_OPTIONS = ("mechanism", "ca", "certificate", "key")
_OF_TLS = ("ca", "certificate", "key")
_MECHANISM = MECHANISMS[-1]


class BadBrokers(ValueError):
    """The address of Kafka makes no sense; the message says why, without the password."""


class Brokers(NamedTuple):
    """A cluster's address, taken apart; `user` is empty where nobody signs in."""

    servers: tuple[str, ...]
    """`HOST:PORT` of each server to ask first."""
    encrypted: bool = False
    user: str = ""
    password: str = ""
    mechanism: str = _MECHANISM
    ca: str = ""
    certificate: str = ""
    key: str = ""

    def __str__(self) -> str:
        return ",".join(self.servers)

    @property
    def protocol(self) -> str:
        """What Kafka calls this way to speak: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        return f"{'SASL_' if self.user else ''}{'SSL' if self.encrypted else 'PLAINTEXT'}"

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """How brokers are checked, None without TLS; raises BadCertificate."""
        return tls.context(self.ca, self.certificate, self.key) if self.encrypted else None

    def connection_options(self) -> dict[str, Any]:
        """Return the arguments of aiokafka for one connection, wherever it leads; raises BadCertificate."""
        options: dict[str, Any] = {}
        if self.protocol != "PLAINTEXT":
            options |= {"security_protocol": self.protocol}
        if context := self.ssl_context:
            options |= {"ssl_context": context}
        if self.user:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def address(self) -> str:
        """Return this as an address: what `parse` takes apart."""
        if self.protocol == "PLAINTEXT":
            return str(self)
        user = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        given = {o: getattr(self, o) for o in _OPTIONS if getattr(self, o)}
        if not self.user or self.mechanism == _MECHANISM:
            del given["mechanism"]
        options = f"?{urlencode(given, safe='/')}" if given else ""
        return f"{'kafkas' if self.encrypted else 'kafka'}://{user}{self}{options}"


def parse(address: str) -> Brokers:
    """Return what an address says; raises BadBrokers."""
    if "://" not in address:
        return Brokers(_servers(address))
    url = urlsplit(address)
    if url.scheme not in _SCHEMES:
        raise BadBrokers(f"{url.scheme}:// is none of {', '.join(f'{s}://' for s in _SCHEMES)}")
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    if strange := sorted(options.keys() - set(_OPTIONS)):
        raise BadBrokers(f"no option {', '.join(strange)}; there are {', '.join(_OPTIONS)}")
    credentials, at, servers = url.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    if at and not (user and password):
        raise BadBrokers("a user and a password belong before the @")
    mechanism = options.pop("mechanism", _MECHANISM)
    if mechanism not in MECHANISMS:
        raise BadBrokers(f"mechanism {mechanism} is none of {', '.join(MECHANISMS)}")
    encrypted = url.scheme == "kafkas"
    if options and not encrypted:
        raise BadBrokers(f"{', '.join(_OF_TLS)} are for kafkas://")
    if "key" in options and "certificate" not in options:
        raise BadBrokers("a key belongs to a certificate: name that too")
    return Brokers(
        _servers(servers), encrypted, unquote(user), unquote(password), mechanism, **options
    )


def shown(address: str) -> str:
    """Return the servers of an address, for messages: who signs in, and how, is nobody's business there."""
    return str(parse(address))


def client_options(address: str) -> dict[str, Any]:
    """Return the arguments of every client of aiokafka, and `mend` its connections.

    Raises BadBrokers or BadCertificate.
    """
    from roomlog.connections import mend  # imports aiokafka, which takes longer than all the rest

    mend()
    brokers = parse(address)
    return {"bootstrap_servers": list(brokers.servers), **brokers.connection_options()}


def _servers(text: str) -> tuple[str, ...]:
    servers = tuple(s.strip() for s in text.split(","))
    for server in servers:
        host, colon, port = server.rpartition(":")
        if not (host and colon and port.isdecimal() and 0 < int(port) < 65_536):
            raise BadBrokers("servers are HOST:PORT,HOST:PORT")
    return servers
