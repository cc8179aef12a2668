"""Which network addresses may be fetched from.

A knowledge base is read by people who may not see what this machine can reach: its own services,
the private network, a cloud's metadata address. So names are resolved first, every address is
checked, and the connection goes to the address that was checked, not to the name again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from bot.errors import SourceUnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")


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
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local (which
    holds the clouds' metadata), shared, multicast or reserved, in any wrapping."""
    try:
        outer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(
        a.is_global and not a.is_multicast and not a.is_reserved for a in (outer, _inner(outer))
    )


async def resolved(host: str, port: int, *, allow_private: bool = False) -> str:
    """The IP address to connect to for a host. Raises SourceUnavailableError where the name is
    unknown, or where any of its addresses is not public and ``allow_private`` is not set."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SourceUnavailableError(source=host, reason="the name is unknown.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise SourceUnavailableError(source=host, reason="the name has no address.")
    if not allow_private and not all(is_public(a) for a in addresses):
        raise SourceUnavailableError(
            source=host,
            reason="it is a private address; --allow-private, or allow_private = true beside the "
            "source's url, reads it all the same.",
        )
    # IPv4 first: many machines have an IPv6 address and no way out with it.
    return min(addresses, key=lambda a: ":" in a)
