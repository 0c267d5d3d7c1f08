"""Which addresses a webhook may have: none that leads into our own network (SEC-11).

Pure rules. The URL is judged when it is saved; the addresses that its name resolves to are judged
at every connect, and the connection goes to the address that was judged, so that a name which
resolves differently a moment later changes nothing.
"""

import ipaddress
import re
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "::1/128",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_DENIED_NAMES = re.compile(
    r"(^|\.)(localhost|localdomain|internal|intranet|lan|home|corp|local|arpa|onion|test|invalid"
    r"|metadata\.google\.internal|metadata)$"
)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_NUMERIC_LABEL = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_HTTPS_PORTS = frozenset({443, 8443})
_URL_CHARACTERS_MOST = 2000


def ip_fault(address: IPAddress) -> str | None:
    """Return why nothing is sent to an address; None if it is one of the public network."""
    inner = address
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        inner = address.ipv4_mapped
    if any(inner in network for network in _DENIED if network.version == inner.version):
        return f"{address} is not an address of the public network."
    if inner != address or not inner.is_global:
        return f"{address} is not an address of the public network."
    return None


def url_fault(url: str) -> str | None:
    """Return why a URL is refused as a webhook, without looking its name up; None if it is good.

    Only a plain ``https://name[:443|8443]/path``: no user, no fragment, no number in a spelling
    that some libraries read as an address (``0177.1``, ``2130706433``, ``0x7f.1``).
    """
    if len(url) > _URL_CHARACTERS_MOST or re.search(r"[\x00-\x20\x7f\\]", url) or not url.isascii():
        return "The address holds characters that a web address does not."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "This is no web address."
    if parts.scheme != "https":
        return "A webhook's address begins with https://."
    if "@" in parts.netloc or parts.fragment:
        return "A webhook's address has neither a user nor a fragment."
    if port not in {None, *_HTTPS_PORTS}:
        return "A webhook is reached on port 443 or 8443."
    return _host_fault((parts.hostname or "").lower())


def _host_fault(host: str) -> str | None:
    try:
        return ip_fault(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host) or _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
        return "The address needs a full host name, as in https://example.com/hook."
    if _DENIED_NAMES.search(host):
        return f"{host} is a name of a private network."
    return None
