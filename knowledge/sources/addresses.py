"""Which network addresses may be fetched from.

A knowledge base is read by people who may not see what this machine can reach: its own services,
the private network, a cloud's metadata address. So names are resolved first, every address is
checked, and the connection goes to the address that was checked, not to the name again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import SourceUnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host; raises OSError or UnicodeError where it has none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})

_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local: most clouds' metadata
        "fe80::/10",
        "fd00:ec2::/32",  # Amazon's by IPv6
        "fd20:ce::/32",  # Google's by IPv6
        "100.100.100.200/32",  # Alibaba's
        "192.0.0.192/32",  # Oracle's
        "168.63.129.16/32",  # Azure's wire server: a public address that only its machines reach
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
        "255.255.255.255/32",
    )
)
"""Nobody's documentation: never fetched from, whatever an operator allows."""

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "fec0::/10",  # site-local, deprecated (RFC 3879); still routed somewhere
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays from IPv6 (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""What Python's own table calls global in some of its versions."""

_ORDINARY_PORTS = frozenset({80, 443})


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries inside it, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    isatap = int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
    if isatap or address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _both(address: str) -> tuple[Address, ...]:
    """The address and the one inside it; none where it is no address."""
    try:
        outer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ()
    return outer, _inner(outer)


def _within(
    address: Address, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    return any(address.version == n.version and address in n for n in networks)


def is_forbidden(address: str) -> bool:
    """Whether nothing is ever fetched from an IP address, in any wrapping: clouds' metadata, all
    that is link-local, and what is no single machine."""
    both = _both(address)
    return not both or any(_within(a, _NEVER) for a in both)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local, shared,
    multicast or reserved, in any wrapping."""
    return not is_forbidden(address) and all(
        a.is_global and not a.is_multicast and not a.is_reserved and not _within(a, _NOT_PUBLIC)
        for a in _both(address)
    )


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own, in any wrapping."""
    return any(a.is_loopback for a in _both(address))


def why_not_onward(home: tuple[str, int], onward: tuple[str, int]) -> str | None:
    """Why a redirect from one place (address, port) to another is not followed, in words; ``None``:
    it is. A server that may be read, a private one too, is no reason to talk to this machine's
    own services, or to whatever listens on some port."""
    (here, port), (there, to) = home, onward
    if is_loopback(there) and not is_loopback(here):
        return "it leads to this machine itself."
    if to not in _ORDINARY_PORTS and to != port:
        return f"it leads to port {to}, which is not one of a website."
    return None


async def look_up(host: str, port: int) -> Sequence[str]:
    """A :data:`Lookup` by the system: also of numbers in any writing that it takes."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def resolved(
    host: str, port: int, *, allow_private: bool = False, lookup: Lookup = look_up
) -> str:
    """The IP address to connect to for a host. Raises SourceUnavailableError where the name is
    unknown, where any of its addresses is forbidden, or is not public and ``allow_private`` is not
    set: of a name with several the next look-up may give the other one."""
    try:
        addresses = list(dict.fromkeys(await lookup(host, port)))
    except (OSError, UnicodeError) as error:
        raise SourceUnavailableError(source=host, reason="the name is unknown.") from error
    if not addresses:
        raise SourceUnavailableError(source=host, reason="the name has no address.")
    if allow_private and any(is_forbidden(a) for a in addresses):
        raise SourceUnavailableError(source=host, reason="it is an address that is never read.")
    if not allow_private and not all(is_public(a) for a in addresses):
        raise SourceUnavailableError(
            source=host,
            reason="it is a private address; --allow-private, or allow_private = true beside the "
            "source's url, reads it all the same.",
        )
    # IPv4 first: many machines have an IPv6 address and no way out with it.
    return min(addresses, key=lambda a: ":" in a)
