"""Reads an Ollama address the way Ollama itself reads OLLAMA_HOST."""

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

from kb.domain.errors import InvalidInputError

_PORTS = {"": 11434, "http": 80, "https": 443}
_BIND_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, never bound
_HOST_NAME = re.compile(r"\w([\w.-]*\w)?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to connect: `url` holds no login, so it may be shown; `login` is user:password."""

    url: str
    host: str
    login: str = ""

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("https:")

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        if not self.login:
            return {}
        return {"authorization": f"Basic {base64.b64encode(self.login.encode()).decode()}"}


def parse_address(text: str) -> Address:
    """The address meant by an OLLAMA_HOST. Raises InvalidInputError, and never guesses."""
    scheme, rest = _split_scheme(text.strip().strip("\"'").strip())
    if re.search(r"[\s?#\\]", rest):
        raise _invalid(text)
    authority, _, path = rest.partition("/")
    login, _, host_port = authority.rpartition("@")
    host, port = _split_port(host_port)
    if rest.lower() == "ollama.com" and not scheme:
        scheme = "https"
    host = _checked_host(host or "127.0.0.1", text)
    number = _checked_port(port, text) if port is not None else _PORTS[scheme]
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme or 'http'}://{shown}:{number}/{path}".rstrip("/")
    return Address(url=url, host=host, login=unquote(login))


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, found, rest = text.partition("://")
    if not found:
        return "", text
    if scheme.lower() not in ("http", "https") or not rest.strip("/"):
        raise _invalid(text)
    return scheme.lower(), rest


def _split_port(host_port: str) -> tuple[str, str | None]:
    """Host and port; an IPv6 address may stand with or without its brackets."""
    if host_port.startswith("["):
        host, _, after = host_port[1:].partition("]")
        return host, after[1:] if after.startswith(":") else (after or None)
    if host_port.count(":") > 1:
        return host_port, None
    host, found, port = host_port.partition(":")
    return host, port if found else None


def _checked_host(host: str, text: str) -> str:
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        # Digits and dots alone are a mistyped IP address, not a name.
        if not _HOST_NAME.fullmatch(host) or re.fullmatch(r"[\d.]+", host):
            raise _invalid(text) from None
    return _BIND_ALL.get(host, host)


def _checked_port(port: str, text: str) -> int:
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _invalid(text)
    return int(port)


def _invalid(text: str) -> InvalidInputError:
    shown = re.sub(r"[^/@]*@", "", text)  # a password is nobody's to read
    return InvalidInputError(
        f"{shown!r} is no address of an Ollama server.",
        advice="Write it like http://127.0.0.1:11434, in the settings or in OLLAMA_HOST.",
    )
