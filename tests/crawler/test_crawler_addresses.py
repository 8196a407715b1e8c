"""What is public and what leads inward, however it is written."""

from __future__ import annotations

import pytest

from crawler.addresses import is_inward, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True),
        ("127.0.0.1", False), ("127.8.8.8", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fc00::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:93.184.216.34", True), ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False), ("64:ff9b::a9fe:a9fe", False), ("fd00:ec2::254", False), ("ff02::1", False),
        ("not an address", False), ("", False),
    ],
)  # fmt: skip
def test_is_public(address: str, public: bool) -> None:
    """Loopback, private networks, metadata and multicast are not, nor what hides one of them."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("host", "inward"),
    [
        ("shop.example", False), ("93.184.216.34", False),
        ("localhost", True), ("localhost.", True), ("a.localhost", True), ("printer.local", True),
        ("metadata.google.internal", True), ("127.0.0.1", True), ("127.1", True), ("2130706433", True),
        ("0x7f000001", True), ("0x7f.1", True), ("017700000001", True), ("[::1]", True), ("[::ffff:10.0.0.1]", True),
    ],
)  # fmt: skip
def test_is_inward(host: str, inward: bool) -> None:
    """Numbers count in every form that the system's resolver takes."""
    assert is_inward(f"http://{host}/") is inward
