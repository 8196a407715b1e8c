"""Signatures over bundles: Ed25519, and CMS by a certificate where the user has one."""

import os
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from touchstone.errors import ConfigurationError


class Certified(NamedTuple):
    """A certificate with its key, and the chain that is sent along."""

    certificate: x509.Certificate
    key: RSAPrivateKey | EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()


def make_key(path: Path) -> Path:
    """Make an Ed25519 key that only its owner can read, and beside it the public one; returns the public one's path.

    Raises ``ConfigurationError`` where there is one already: what it signed could not be verified any more.
    """
    if path.exists():
        raise ConfigurationError(f"{path} is there already", hint="Move it away first; keep it while bundles name it.")
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = path.with_suffix(".pub.pem")
    public.write_bytes(public_key(key))
    return public


def load_key(path: Path) -> Ed25519PrivateKey:
    """The signing key; raises ``ConfigurationError`` when it is not there or is none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no signing key at {path}", hint="Make one: touchstone evidence key"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is no key: {error}", hint="Give an Ed25519 key in PEM, unencrypted."
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{path} is not an Ed25519 key", hint="Make one: touchstone evidence key")
    return key


def public_key(key: Ed25519PrivateKey) -> bytes:
    """The public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def load_certified(certificate: Path, key: Path) -> Certified:
    """A certificate (the signer's first, then its chain) and its key; raises ``ConfigurationError``."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"evidence.certificate: {error}", hint="Give the certificate and its key as PEM files."
        ) from None
    if not isinstance(private, (RSAPrivateKey, EllipticCurvePrivateKey)):
        raise ConfigurationError(
            f"{key} is neither an RSA nor an elliptic-curve key", hint="Use the certificate's own."
        )
    if private.public_key() != found[0].public_key():
        raise ConfigurationError(f"{key} is not the key of {certificate}", hint="Use the certificate's own.")
    return Certified(found[0], private, tuple(found[1:]))


def sign_cms(message: bytes, by: Certified) -> bytes:
    """A detached CMS signature, DER, as ``openssl cms -verify -binary -content`` takes it."""
    builder = PKCS7SignatureBuilder().set_data(message).add_signer(by.certificate, by.key, hashes.SHA256())
    for certificate in by.chain:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
