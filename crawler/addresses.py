"""Which network addresses may be connected to: public ones, and those that an installation opened explicitly."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address hides in the last four bytes


def is_public(address: str) -> bool:
    """Whether a numeric address is on the open internet: not this machine, a private network, or cloud metadata.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as what it is. ``False`` for what is no
    address.
    """
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    hidden: list[ipaddress.IPv4Address | None] = []
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = [ip.ipv4_mapped, ip.sixtofour, ip.teredo[1] if ip.teredo else None]
        if ip in NAT64:
            hidden.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    inner = [address for address in hidden if address is not None]
    if inner:
        return all(part.is_global and not part.is_multicast for part in inner)
    return ip.is_global and not ip.is_multicast


def is_inward(url: str) -> bool:
    """Whether an address names this machine or a private network by number or as localhost.

    Numbers in any of the forms that the system's resolver takes count: 127.1, 0x7f.1, 2130706433.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    if not host or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    if ":" in host or host.replace(".", "").isdigit() or host.startswith("0x"):
        return not is_public(_dotted(host))
    return False


def _dotted(host: str) -> str:
    """A numeric host in its usual form; unchanged where it is none."""
    if ":" in host:
        return host
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return host


class CheckedResolver(CachingThreadedResolver):
    """Scrapy's resolver, refusing names that lead inward.

    The address that was checked is the one that is connected to, so a name that resolves differently a moment later
    gains nothing. ``open_hosts`` are names that an installation opened explicitly.
    """

    open_hosts: frozenset[str] = frozenset()

    @classmethod
    def opening(cls, hosts: Iterable[str]) -> type["CheckedResolver"]:
        """This resolver for a process in which these hosts may lead inward."""
        return type("CheckedResolver", (cls,), {"open_hosts": frozenset(hosts)})

    def getHostByName(self, name: str, timeout: object = ()) -> "Deferred[str]":  # noqa: N802 -- Twisted's name
        """Resolve, then refuse what is not public."""
        found: Deferred[str] = super().getHostByName(name)
        return found if name in self.open_hosts else found.addCallback(self._checked, name)

    @staticmethod
    def _checked(address: str, name: str) -> str:
        if not is_public(address):
            raise DNSLookupError(f"{name} leads to {address}, on this machine or network; it is not fetched")
        return address
