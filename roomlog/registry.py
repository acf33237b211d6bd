"""Where the schema registry is and how it is spoken to: what `ROOMLOG_REGISTRY` says, in the words of httpx.

    http://HOST:PORT/PATH                          plain, for one machine
    https://HOST/PATH                              TLS
    https://USER:PASSWORD@HOST/PATH                and HTTP basic authentication
        ?ca=FILE                                   PEM file of who signed its certificate
        &certificate=FILE&key=FILE                 PEM files of our own certificate and its key

What is special in USER or PASSWORD is percent-encoded, as in every URL.
"""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from roomlog import tls

_OPTIONS = ("ca", "certificate", "key")


class BadRegistry(ValueError):
    """The address of the registry makes no sense; the message says why, without the password."""


class Address(NamedTuple):
    """A registry's address, taken apart."""

    url: str
    """Without user, options and last slash."""
    user: str = ""
    password: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""


def parse(address: str) -> Address:
    """Return what an address says; raises BadRegistry."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise BadRegistry("it begins with http://HOST or https://HOST")
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    if strange := sorted(options.keys() - set(_OPTIONS)):
        raise BadRegistry(f"no option {', '.join(strange)}; there are {', '.join(_OPTIONS)}")
    if options and url.scheme == "http":
        raise BadRegistry(f"{', '.join(_OPTIONS)} are for https://")
    credentials, _, host = url.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    plain = f"{url.scheme}://{host}{url.path}".rstrip("/")
    return Address(plain, unquote(user), unquote(password), **options)


def client_options(address: str) -> dict[str, Any]:
    """Return the arguments of every client of httpx; raises BadRegistry, BadCertificate."""
    found = parse(address)
    # Without TLS there is nothing to verify, and reading the machine's certificates takes 27 ms.
    is_secured = found.url.startswith("https:")
    verify = is_secured and tls.context(found.ca, found.certificate, found.key)
    options: dict[str, Any] = {"base_url": found.url, "verify": verify}
    if found.user:
        options |= {"auth": (found.user, found.password)}
    return options


def complaint(address: str, error: Exception) -> str:
    """Return what to say of a failure of httpx: one sentence, without the password."""
    found = parse(address)
    if told := tls.complaint(error, "?ca=FILE"):
        return f"schema registry {found.url}: {told} (ROOMLOG_REGISTRY)"
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if status in (401, 403):
        who = (
            f"the user {found.user!r} and its password" if found.user else "requests without a user"
        )
        return f"schema registry {found.url} refuses {who} (ROOMLOG_REGISTRY)"
    return f"schema registry {found.url}: {error}"
