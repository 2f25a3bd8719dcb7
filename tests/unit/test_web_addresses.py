"""Which web addresses are opened, and which are refused."""

from ipaddress import ip_address

import pytest

from kb.adapters.web_addresses import is_public, parse_address
from kb.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.215.14",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "64:ff9b::808:808",
    ],
)
def test_hosts_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::127.0.0.1",
        "64:ff9b:1:808:8:800::",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fe80::1%eth0",
        "fe80::a9fe:a9fe",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2606:4700:4700::1111%eth0",
    ],
)
def test_whatever_is_not_certainly_a_public_host_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG/Page", "https://example.org/Page"),
        ("  https://example.org/a  ", "https://example.org/a"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://example.org:/", "https://example.org/"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://example.org/a#part", "https://example.org/a"),
        ("https://example.org?q=1", "https://example.org/?q=1"),
        ("https://example.org/a/./b/../c", "https://example.org/a/c"),
        ("https://example.org/../../a", "https://example.org/a"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/a/b/%2e%2E/c", "https://example.org/a/c"),
        ("https://example.org/a//b", "https://example.org/a//b"),
        ("https://example.org/ä?ö=ü", "https://example.org/%C3%A4?%C3%B6=%C3%BC"),
        ("https://example.org/%7Ea?b=%20", "https://example.org/%7Ea?b=%20"),
        ("https://my_site.example.org/", "https://my_site.example.org/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER。example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://[2606:4700::1111]:8080/", "http://[2606:4700::1111]:8080/"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),
    ],
)
def test_an_address_has_one_way_to_be_written(written: str, url: str) -> None:
    address = parse_address(written)
    assert address.url == url
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "example.org",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "http:///a",
        "http://:80/",
        "http:example.org",
        "http://example.org:0x50/",
        "http://example.org:99999/",
        "http://example.org:-1/",
        "http://exa mple.org/",
        "http://example.org/a b",
        "http://example.org/a\nb",
        "http://example.org/\r\nHost: x",
        "http://example.org\t/",
        "http://example.org\\@localhost/",
        "http://example.org\x00/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://127.0.0.1.5/",
        "http://256.0.0.1/",
        "http://0x/",
        "http://example.0x7f/",
        "http://①②⑦.1/",
        "http://[::1%25eth0]/",
        "http://[::1%eth0]/",
        "http://[fe80::1%251]/",
        "http://[::1/",
        "http://[v1.a]/",
        "http://::1/",
        "http://exa%6dple.org/",
        "http://example..org/",
        "http://.example.org/",
        "http://example.org../",
        "http://-example.org/",
        "http://exa$mple.org/",
        "http://ex⁄ample.org/",
        "http://a℀b.example/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://example.org/" + "a" * 5000,
    ],
)
def test_what_could_be_taken_for_something_else_is_no_address(written: str) -> None:
    with pytest.raises(InvalidInputError, match="is no web address that Quire opens"):
        parse_address(written)


@pytest.mark.parametrize(
    "written",
    ["http://anna:secret@example.org/", "http://anna@example.org/", "http://:secret@example.org/"],
)
def test_a_password_is_refused_and_not_told(written: str) -> None:
    with pytest.raises(InvalidInputError, match="holds a name or password") as told:
        parse_address(written)
    assert "secret" not in str(told.value)
    assert "anna" not in str(told.value)


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("https://example.org", "/"),
        ("https://example.org/docs", "/"),
        ("https://example.org/docs/", "/docs/"),
        ("https://example.org/docs/a.html?b=/c/d", "/docs/"),
    ],
)
def test_the_folder_of_a_page_ends_at_its_last_slash(written: str, folder: str) -> None:
    assert parse_address(written).folder == folder
