"""H10: where the service may connect to, and that nothing a message names is such a place."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.outbound_rule import URL_CHARACTERS_MAX, OutboundRule, Target, rule_for, target
from certs.errors import Refused

PUBLIC = "93.184.215.14"


def rule(prefix: str = "http://ocsp.example/a", *networks: str) -> OutboundRule:
    return OutboundRule.parse(prefix, networks)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ocsp.example/a",
        "ftp://ocsp.example/a",
        "file:///etc/passwd",
        "gopher://ocsp.example/a",
        "http://",
        "http:///a",
        "http://user@ocsp.example/a",
        "http://user:secret@ocsp.example/a",
        "http://ocsp.example\\@evil.example/a",
        "http://ocsp.example/a/../admin",
        "http://ocsp.example/a/%2e%2e/admin",
        "http://ocsp.example/a/.%2E/admin",
        "http://ocsp.example/a/./b",
        "http://ocsp.example/a#b",
        "http://ocsp.example:port/a",
        "http://ocsp.example:99999/a",
        "http://ocsp.example/a b",
        "http://ocsp.example/a\r\nHost: evil.example",
        "http://ocsp.ex\N{LATIN SMALL LETTER A WITH DIAERESIS}mple/a",
        "http://[::1/a",
        "http://ocsp.example/" + "a" * URL_CHARACTERS_MAX,
    ],
)
def test_h10_what_is_no_plain_http_url_is_no_target(url):
    assert target(url) is None
    assert rule_for(url, (rule("http://ocsp.example/"),)) is None


@pytest.mark.parametrize(
    ("url", "split"),
    [
        ("http://ocsp.example", ("http", "ocsp.example", 80, "/", "ocsp.example")),
        ("HTTP://OCSP.example:80/A?b=c", ("http", "ocsp.example", 80, "/A?b=c", "ocsp.example")),
        ("https://[::1]:8443/", ("https", "::1", 8443, "/", "[::1]:8443")),
    ],
)
def test_url_is_split(url, split):
    found = target(url)
    assert isinstance(found, Target)
    assert (found.scheme, found.host, found.port, found.path, found.host_header) == split


@pytest.mark.parametrize(
    ("url", "covered"),
    [
        ("http://ocsp.example/a", True),
        ("http://OCSP.EXAMPLE:80/a", True),
        ("http://ocsp.example/a/b", True),
        ("http://ocsp.example/a?b", True),
        ("http://ocsp.example/ab", False),
        ("http://ocsp.example/", False),
        ("http://ocsp.example.evil.example/a", False),
        ("http://evil.example/ocsp.example/a", False),
        ("https://ocsp.example/a", False),
        ("http://ocsp.example:8080/a", False),
    ],
)
def test_h10_prefix_covers_only_what_lies_under_it(url, covered):
    assert (rule_for(url, (rule(),)) is not None) is covered


def test_first_rule_that_covers_is_taken():
    wide, narrow = rule("http://ocsp.example/"), rule("http://ocsp.example/a")
    assert rule_for("http://ocsp.example/a", (narrow, wide))[1] is narrow
    assert rule_for("http://ocsp.example/b", (narrow, wide))[1] is wide
    assert rule_for("http://ocsp.example/b", ()) is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ],
)
def test_h10_private_address_is_not_permitted_to_a_public_name(address):
    assert not rule().permits(ip_address(address))


def test_public_address_is_permitted():
    assert rule().permits(ip_address(PUBLIC))
    assert rule().permits(ip_address(f"::ffff:{PUBLIC}"))
    assert rule().permits(ip_address("2606:2800:220:1:248:1893:25c8:1946"))


def test_h10_private_address_is_permitted_where_the_operators_entry_names_it():
    assert rule("http://ocsp.example/", "10.0.0.0/8").permits(ip_address("10.1.2.3"))
    assert not rule("http://ocsp.example/", "10.0.0.0/8").permits(ip_address("192.168.1.1"))
    assert rule("http://127.0.0.1:8081/").permits(ip_address("127.0.0.1"))
    assert not rule("http://127.0.0.1:8081/").permits(ip_address("127.0.0.2"))
    assert rule("http://[::1]/").permits(ip_address("::1"))
    assert rule("http://localhost/").permits(ip_address("::1"))
    assert rule("http://localhost/").permits(ip_address("127.0.0.1"))
    assert not rule("http://localhost/").permits(ip_address("10.0.0.1"))
    assert not rule("http://localhost/").permits(ip_address(PUBLIC))


@pytest.mark.parametrize(
    ("prefix", "networks", "code"),
    [
        ("ocsp.example", (), "outbound.prefix"),
        ("http://ocsp.example/", ("10.0.0.1/8",), "outbound.network"),
        ("http://ocsp.example/", ("everywhere",), "outbound.network"),
    ],
)
def test_rule_that_cannot_be_meant_is_refused(prefix, networks, code):
    with pytest.raises(Refused) as refused:
        OutboundRule.parse(prefix, networks)
    assert refused.value.code == code


@given(st.text(max_size=100))
def test_any_text_is_a_target_or_none(text):
    found = target(text)
    assert found is None or (found.scheme in {"http", "https"} and found.path.startswith("/"))
    found = target(f"http://{text}")
    assert found is None or found.host
