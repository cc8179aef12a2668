"""The SDK's client, set up as we need it: no retries of its own, no proxy for addresses near by."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

API_URL = "https://slack.com/api/"


def web_client(
    token: str | None, base_url: str = API_URL, *, session: aiohttp.ClientSession | None = None
) -> AsyncWebClient:
    """slack_sdk's client for one token.

    The SDK's default repeats a request whose connection was cut, which would post a message twice:
    it is left out. It also takes a proxy from the environment but knows no NO_PROXY: see
    :func:`proxy_for`.
    """
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
    client.proxy = proxy_for(base_url)
    return client


def proxy_for(url: str) -> str | None:
    """The proxy for an address; ``None`` for the direct way, as for this machine's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def is_slacks(url: str, base_url: str = API_URL) -> bool:
    """Whether an address is Slack's own: on the host of the API, or on those for files
    (``files.slack.com``) and for the answers to commands (``hooks.slack.com``)."""
    try:
        target, base = urlsplit(url), urlsplit(base_url)
    except ValueError:
        return False
    if (target.scheme, target.netloc) == (base.scheme, base.netloc):
        return True
    domains = (urlsplit(API_URL).netloc, base.netloc)
    hosts = {f"{name}.{domain}" for name in ("files", "hooks") for domain in domains}
    return target.scheme == "https" and target.netloc in hosts


def are_both_here(url: str, base_url: str) -> bool:
    """Whether an address and the API are both on this machine, as when one tries it out."""
    try:
        hosts = [urlsplit(address).hostname or "" for address in (url, base_url)]
    except ValueError:
        return False
    return all(map(is_loopback, hosts))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
