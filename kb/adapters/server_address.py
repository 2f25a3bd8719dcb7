"""Reads addresses of model servers, Ollama's the way Ollama itself reads OLLAMA_HOST."""

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

from kb.domain.errors import InvalidInputError

_BIND_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, never bound
_HOST_NAME = re.compile(r"\w([\w.-]*\w)?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerKind:
    """What is expected at an address: how sentences name it, and how its address is written."""

    name: str
    setting: str
    example: str
    default_port: int


OLLAMA = ServerKind(
    name="Ollama", setting="OLLAMA_HOST", example="http://127.0.0.1:11434", default_port=11434
)
OPENAI = ServerKind(
    name="model server",
    setting="KB_OPENAI_URL",
    example="http://127.0.0.1:8080/v1",
    default_port=80,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to connect. `url` holds no secret, so it may be shown; `login` is user:password."""

    url: str
    host: str
    login: str = ""
    key: str = ""
    kind: ServerKind = OLLAMA

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("https:")

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        if self.key:
            return {"authorization": f"Bearer {self.key}"}
        if not self.login:
            return {}
        return {"authorization": f"Basic {base64.b64encode(self.login.encode()).decode()}"}


def parse_address(text: str, kind: ServerKind = OLLAMA, *, key: str = "") -> Address:
    """The address meant by the kind's setting. Raises InvalidInputError, and never guesses."""
    scheme, rest = _split_scheme(text.strip().strip("\"'").strip(), kind)
    if re.search(r"[\s?#\\]", rest):
        raise _invalid(text, kind)
    authority, _, path = rest.partition("/")
    login, _, host_port = authority.rpartition("@")
    host, port = _split_port(host_port)
    if rest.lower() == "ollama.com" and not scheme:
        scheme = "https"
    host = _checked_host(host or "127.0.0.1", text, kind)
    ports = {"": kind.default_port, "http": 80, "https": 443}
    number = _checked_port(port, text, kind) if port is not None else ports[scheme]
    shown = f"[{host}]" if ":" in host else host
    url = f"{scheme or 'http'}://{shown}:{number}/{path}".rstrip("/")
    if kind is OPENAI:
        url = url.removesuffix("/v1")  # every path we ask for says it again
    return Address(url=url, host=host, login=unquote(login), key=_checked_key(key), kind=kind)


def _split_scheme(text: str, kind: ServerKind) -> tuple[str, str]:
    scheme, found, rest = text.partition("://")
    if not found:
        return "", text
    if scheme.lower() not in ("http", "https") or not rest.strip("/"):
        raise _invalid(text, kind)
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


def _checked_host(host: str, text: str, kind: ServerKind) -> str:
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        # Digits and dots alone are a mistyped IP address, not a name.
        if not _HOST_NAME.fullmatch(host) or re.fullmatch(r"[\d.]+", host):
            raise _invalid(text, kind) from None
    return _BIND_ALL.get(host, host)


def _checked_port(port: str, text: str, kind: ServerKind) -> int:
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _invalid(text, kind)
    return int(port)


def _checked_key(key: str) -> str:
    if not re.fullmatch(r"[!-~]*", key):
        raise InvalidInputError(
            "KB_OPENAI_API_KEY holds something that no key can hold.",
            advice="Give it without spaces and line ends.",
        )
    return key


def _invalid(text: str, kind: ServerKind) -> InvalidInputError:
    shown = re.sub(r"[^/@]*@", "", text)  # a password is nobody's to read
    server = "an Ollama server" if kind is OLLAMA else f"a {kind.name}"
    return InvalidInputError(
        f"{shown!r} is no address of {server}.",
        advice=f"Write it like {kind.example}, in the settings or in {kind.setting}.",
    )
