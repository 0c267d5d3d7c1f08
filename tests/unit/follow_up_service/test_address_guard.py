"""No webhook leads into our own network, however its address is written."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.follow_up_service.address_guard import ip_fault, url_fault

REFUSED = [
    "http://example.com/hook",
    "http://169.254.169.254/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::1]/",
    "https://[fd00::1]/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://a@127.0.0.1/",
    "https://example.com@127.0.0.1/",
    "https://user:pass@example.com/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://app.localhost/",
    "https://db.internal/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://intranet/",
    "gopher://example.com/",
    "file:///etc/passwd",
    "ftp://example.com/",
    "https://example.com:5038/",
    "https://example.com:5432/",
    "https://example.com:6379/",
    "https://example.com:99999/",
    "https://example.com:x/",
    "https://example.com/#fragment",
    "https://exa mple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\r\nHost: a",
    "https://ex\u00e4mple.com/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https:///hook",
    "https://example.com/" + "a" * 2000,
    "//example.com/",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_ways_in_are_refused(url: str) -> None:
    """Each known trick is refused before its name is looked up."""
    assert url_fault(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://hooks.example.co.uk:8443/a/b?c=d",
        "https://8.8.8.8/hook",
        "https://xn--exmple-cua.com/",
        "https://[2606:4700::1111]/hook",
    ],
)
def test_public_addresses_are_allowed(url: str) -> None:
    """A plain address of the public network is good."""
    assert url_fault(url) is None


@pytest.mark.parametrize(
    "network",
    [
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "198.18.0.0/15", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"),
        *("::1/128", "fc00::/7", "fe80::/10", "::ffff:0:0/96", "ff00::/8", "64:ff9b::/96"),
    ],
)
@given(place=st.integers(0, 2**128 - 1))
def test_private_networks_are_denied(network: str, place: int) -> None:
    """No address of a network that is not public passes."""
    parsed = ipaddress.ip_network(network)
    assert ip_fault(parsed[place % parsed.num_addresses])


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    """Whatever is typed gets an answer, and only https passes."""
    assert url_fault(text) or text.startswith("https://")
