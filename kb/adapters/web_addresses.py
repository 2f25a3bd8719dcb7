"""Which web addresses Quire opens: how they are written, and where they may lead.

A page that is asked for, or that sends on to another, must not make this machine ask its own
network for something. So whatever is not certainly a host of the public internet is refused.
"""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urlsplit

import idna

from kb.domain.errors import InvalidInputError

IpAddress = IPv4Address | IPv6Address

WEB_PORTS = frozenset({80, 443, 8080, 8443})
"""The web's own, and the two that web servers take beside them: others belong to other services,
which would be sent a line of HTTP."""

MAX_LENGTH = 4096

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KEPT_IN_A_PATH = "/%:@!$&'()*+,;=-._~[]"

# Source: IANA's registries of special-purpose addresses, and what cloud providers document.
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a provider's NAT; Alibaba's metadata at 100.100.100.200
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's own host, inside its machines only
            "169.254.0.0/16",  # link-local; most clouds' metadata at 169.254.169.254
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "2001::/23",  # protocol assignments, with Teredo and ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "3fff::/20",  # documentation
        ),
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """An address in the one way it is written here. `target` is its path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """All but the target."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole address."""
        return self.origin + self.target

    @property
    def folder(self) -> str:
        """The path up to its last slash."""
        path = self.target.partition("?")[0]
        return path[: path.rindex("/") + 1]


def parse_address(text: str) -> WebAddress:
    """The address meant, without its fragment. Raises InvalidInputError, and never guesses."""
    text = text.strip()
    if len(text) > MAX_LENGTH or _NEVER_IN_AN_ADDRESS.search(text):
        raise _invalid(text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _invalid(text) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise _invalid(text)
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise _invalid(text)
    if "@" in parts.netloc:
        raise InvalidInputError(
            f"{_shown(text)!r} holds a name or password.",
            advice="Quire opens only pages that anybody may see.",
        )
    query = f"?{quote(parts.query, safe=_KEPT_IN_A_PATH + '?')}" if parts.query else ""
    return WebAddress(
        scheme=parts.scheme,
        host=_host(parts.hostname, text),
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        target=_path(parts.path) + query,
    )


def is_public(address: IpAddress) -> bool:
    """Whether an address is certainly a host of the public internet."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:  # how hosts that have IPv6 only reach the IPv4 internet
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        # Outside of this lie all that are local, and those that hold an IPv4 address inside.
        if address.scope_id or address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not any(address in network for network in _REFUSED)


def as_ip(host: str) -> IpAddress | None:
    """The IP address that a host is written as, None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _host(written: str, text: str) -> str:
    """A name in ASCII, or an IP address in its usual form."""
    if ":" in written:
        address = as_ip(written)
        if address is None or "%" in written:
            raise _invalid(text)
        return str(address)
    try:
        name = written if written.isascii() else idna.encode(written, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _invalid(text) from error
    name = name.removesuffix(".")
    # 127.1, 0x7f.0.0.1 and 2130706433 mean addresses to some resolvers and names to others.
    is_number = _NUMBER.fullmatch(name.rpartition(".")[2])
    if not _HOST_NAME.fullmatch(name) or (is_number and as_ip(name) is None):
        raise _invalid(text)
    return name


def _path(written: str) -> str:
    """A path without `.` and `..`, however they are written, and in ASCII."""
    segments: list[str] = []
    steps = re.sub("%2e", ".", written, flags=re.IGNORECASE).split("/")[1:] or [""]
    for step in steps:
        if step == "..":
            segments = segments[:-1]
        elif step != ".":
            segments.append(step)
    if steps[-1] in (".", ".."):
        segments.append("")
    return quote("/" + "/".join(segments), safe=_KEPT_IN_A_PATH)


def _invalid(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"{_shown(text)!r} is no web address that Quire opens.",
        advice="Write it like https://example.org/page.",
    )


def _shown(text: str) -> str:
    shown = re.sub(r"//[^/]*@", "//", text)  # a password is nobody's to read
    return shown if len(shown) <= 200 else shown[:199] + "…"
