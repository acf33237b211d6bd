"""TLS to servers: whom to believe, what to show them, and what is wrong where a handshake fails."""

import ssl
from functools import cache

_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
"""Codes of X509_verify_cert, as OpenSSL numbers them (x509_vfy.h)."""


class BadCertificate(ValueError):
    """A file with certificates or a key cannot be used; the message names it."""


@cache
def context(ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """Return how a server is checked, and what is shown to it; files are read once. Raises BadCertificate.

    `ca` is a PEM file of the authorities to believe (none: those of the system), `certificate` and `key` are
    PEM files of our own; the key may be in the file of the certificate.
    """
    try:
        found = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise BadCertificate(f"{ca} has no certificates of authorities ({_why(error)})") from error
    if certificate:
        try:
            found.load_cert_chain(certificate, key or None)
        except OSError as error:
            files = f"{certificate} and {key}" if key else certificate
            raise BadCertificate(f"{files}: no certificate with its key ({_why(error)})") from error
    return found


def complaint(error: BaseException | None, ca: str) -> str:
    """Return what is wrong with TLS and what to do about it; "" where TLS is not what failed.

    `error` may have been caused by what failed. `ca` says how the authority's file is named.
    """
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _about_certificate(error, ca)
        if isinstance(error, ssl.SSLError):
            return _about_handshake(error)
        error = error.__cause__ or error.__context__
    return ""


def _about_certificate(error: ssl.SSLCertVerificationError, ca: str) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired; give the server a new one"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet; compare the clocks of both machines"
    if code in _UNKNOWN_AUTHORITY:
        told = "its certificate is not signed by an authority that is believed here"
        return f"{told}; name the right one's PEM file with {ca}"
    if code in (_OTHER_HOST, _OTHER_ADDRESS):
        told = error.verify_message.rstrip(".")
        return (
            f"its certificate is for another host ({told}); use a name that is in the certificate"
        )
    return f"its certificate is refused: {error.verify_message}"


def _about_handshake(error: ssl.SSLError) -> str:
    reason = error.reason or ""
    if "ALERT" in reason and (
        "CERTIFICATE" in reason or "UNKNOWN_CA" in reason or "HANDSHAKE" in reason
    ):
        return f"it wants a certificate of ours that it believes, and says: {_readable(reason)}"
    if isinstance(error, ssl.SSLEOFError) or reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
    ):
        return "it does not speak TLS at this port"
    return f"TLS fails: {_readable(reason) or error}"


def _readable(reason: str) -> str:
    return reason.replace("_", " ").lower()


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return _readable(error.reason or "") or "not PEM"
    return error.strerror or str(error)
