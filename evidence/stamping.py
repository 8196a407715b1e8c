"""RFC 3161 timestamps: asked of an authority, and believed only when they verify against its roots."""

import http.client
import re
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from touchstone.errors import ConfigurationError, NotStamped

SECONDS = 20.0
LARGEST_RESPONSE = 128 * 1024  # bytes; a response with a chain of certificates has some 6,000


class Authority(NamedTuple):
    """A time-stamping authority: where it is asked, and the certificates that vouch for it, roots and intermediates."""

    url: str
    certificates: tuple[x509.Certificate, ...]


class Stamp(NamedTuple):
    """The authority's whole response, DER as ``openssl ts -verify -in`` takes it, and the time that it attests."""

    token: bytes
    time: datetime


def authority(url: str, certificates: Path) -> Authority:
    """An authority from configuration; raises ``ConfigurationError`` when the PEM file cannot be used."""
    if not _is_address(url):
        raise ConfigurationError(f"timestamp.url: {url} is no address of a server", hint="It begins with https://")
    try:
        found = x509.load_pem_x509_certificates(certificates.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"timestamp.root: {certificates} holds no certificates: {error}",
            hint="Give a PEM file with the authority's root certificate, and its intermediate ones where it has some.",
        ) from None
    return Authority(url, tuple(found))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return url.isascii() and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that does not close
        return False


def stamp(message: bytes, by: Authority) -> Stamp:
    """Have ``message`` (its SHA-256 is sent, nothing else) timestamped. Raises ``NotStamped``, saying why."""
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
    token = _asked(by.url, request.as_bytes())
    try:
        response = decode_timestamp_response(token)
    except ValueError as error:
        raise NotStamped(f"{by.url} did not answer with a timestamp: {error}", hint=_HINT) from None
    if response.status not in (0, 1):  # granted, granted with modifications (RFC 3161, 2.4.2)
        said = ", ".join(response.status_string) or f"status {response.status}"
        raise NotStamped(f"{by.url} refused: {said}", hint=_HINT)
    try:
        info = response.tst_info
    except ValueError as error:
        raise NotStamped(f"{by.url} granted a timestamp, and sent none: {error}", hint=_HINT) from None
    if info.nonce != request.nonce:
        raise NotStamped(f"{by.url} answered another request than ours", hint=_HINT)
    verify(response, message, by.certificates)
    return Stamp(token, info.gen_time)


def verify(response: TimeStampResponse, message: bytes, certificates: tuple[x509.Certificate, ...]) -> None:
    """Raise ``NotStamped`` unless a response covers ``message`` and leads to one of the self-signed certificates."""
    given = list(dict.fromkeys(certificates))
    between = [one for one in given if one.subject != one.issuer]
    failure = "timestamp.root has no certificate that signs itself"
    for root in (one for one in given if one.subject == one.issuer):
        # One at a time: of two roots of one name, such as an old and a new one, OpenSSL tries whichever comes first.
        builder = VerifierBuilder(roots=[root], intermediates=list(between))
        try:
            builder.build().verify_message(response, message)
        except (VerificationError, ValueError) as error:
            failure = _clause(error)
        else:
            return
    raise NotStamped(f"the timestamp does not hold: {failure}", hint="Check timestamp.root.")


def _clause(error: Exception) -> str:
    """What is wrong, out of a message that may quote OpenSSL's whole stack of errors."""
    text = str(error)
    told = re.findall(r'Verify error: ([^"]+)"', text) or re.findall(r'reason: "([^"]+)"', text)
    return str(told[-1]) if told else text.split(": ErrorStack", 1)[0]


_HINT = "Check timestamp.url with: touchstone evidence tsa-test"


def _asked(url: str, query: bytes) -> bytes:
    request = urllib.request.Request(  # noqa: S310 -- the scheme was checked; the user configured it
        url, data=query, headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 -- as above
            return bytes(answer.read(LARGEST_RESPONSE))
    except urllib.error.HTTPError as error:
        error.close()
        raise NotStamped(f"{url} answered HTTP {error.code}", hint=_HINT) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotStamped(f"{url} cannot be reached: {error}", hint=_HINT) from None
