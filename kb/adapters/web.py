"""Fetches pages of the public web, and nothing else.

By http.client over a connection made here, not by httpx: it knows no proxies, cookies, redirects
or compression of its own and is given a connected socket, so that what is not written here does
not happen. A host's name is resolved once, all its addresses are checked, and the connection goes
to one of these by its number; the certificate is checked against the name.
Not covered: who is let in by this machine's public address is reached by it as well.
"""

import http
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from urllib.parse import urljoin

import certifi

from kb.adapters.web_addresses import (
    WEB_PORTS,
    IpAddress,
    WebAddress,
    as_ip,
    is_public,
    parse_address,
)
from kb.adapters.web_line import Line, Resolve, connection, left, resolved, within
from kb.domain.errors import InvalidInputError, LimitError, QuireError, WebPageError
from kb.ports import FetchedPage

REDIRECTS = frozenset({301, 302, 303, 307, 308})
USER_AGENT = "Quire"
HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """How much one page may take: `body_bytes` counts as sent, and again as unpacked."""

    body_bytes: int = 25 * 1024**2
    header_bytes: int = 64 * 1024
    redirects: int = 5
    seconds: float = 120.0
    seconds_to_answer: float = 15.0


class WebFetcher:
    """Fetches one page at a time; many threads may do so."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolved,
        may_open: Callable[[IpAddress], bool] = is_public,
        ports: frozenset[int] = WEB_PORTS,
        limits: FetchLimits | None = None,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._may_open = may_open
        self._ports = ports
        self._limits = limits or FetchLimits()
        self._given_certificates = certificates

    def fetch(self, url: str, follow: Callable[[str], bool] = lambda _: True) -> FetchedPage:
        """One page. A redirect goes only where `follow` says yes.

        Raises InvalidInputError for what is no web address, WebPageError, LimitError.
        """
        address = parse_address(url)
        until = time.monotonic() + self._limits.seconds
        for _ in range(self._limits.redirects + 1):
            try:
                answer = self._ask(address, until)
                if isinstance(answer, FetchedPage):
                    return answer
                address = _next(address, answer, follow)
            except QuireError as error:
                error.subject = error.subject or address.url
                raise
        raise WebPageError(
            f"The page sends on to another one more than {self._limits.redirects} times.",
            subject=url,
        )

    def _ask(self, address: WebAddress, until: float) -> FetchedPage | str:
        """The page, or where it sends on to."""
        if address.port not in self._ports:
            raise WebPageError(f"Quire opens no pages at port {address.port}.")
        limits = self._limits
        answer_by = min(until, time.monotonic() + limits.seconds_to_answer)
        with _told(address), self._connected(address, answer_by) as connected:
            line = Line(connected, until=answer_by, most_bytes=limits.header_bytes)
            response = _response(line, address)
            if response.status in REDIRECTS and (location := response.headers.get("Location")):
                return str(location)
            if response.status != http.HTTPStatus.OK:
                raise _refusal(response.status)
            line.until, line.bytes_left = until, limits.body_bytes + limits.header_bytes
            content = _body(response, limits.body_bytes)
        return FetchedPage(url=address.url, content=content, media_type=_media_type(response))

    @contextmanager
    def _connected(self, address: WebAddress, until: float) -> Iterator[socket.socket]:
        with closing(connection(self._checked(address, until), address.port, until)) as plain:
            if address.scheme == "http":
                yield plain
                return
            plain.settimeout(left(until))
            with self._certificates.wrap_socket(plain, server_hostname=address.host) as safe:
                yield safe

    def _checked(self, address: WebAddress, until: float) -> list[IpAddress]:
        """The host's addresses, of which every one is allowed."""
        written: Sequence[str] = [address.host]
        if as_ip(address.host) is None:
            written = within(left(until), lambda: self._resolve(address.host, address.port))
        found = [as_ip(one) for one in written]
        checked = [ip for ip in found if ip is not None and self._may_open(ip)]
        if not checked or len(checked) != len(found):
            raise WebPageError(
                f"{address.host} is not a host of the public internet.",
                advice="Quire fetches nothing from this machine or its own network.",
            )
        return checked

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """The authorities that the system trusts, and where it has no list, those of Mozilla."""
        if self._given_certificates is not None:
            return self._given_certificates
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context


def _next(address: WebAddress, location: str, follow: Callable[[str], bool]) -> WebAddress:
    """Where a redirect leads. Raises WebPageError where Quire does not go."""
    written = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        target = parse_address(urljoin(address.url, written))
    except (InvalidInputError, ValueError) as error:
        raise WebPageError("The page sends on to what is no web address.") from error
    if (address.scheme, target.scheme) == ("https", "http"):
        raise WebPageError(
            f"The page sends on to {target.url}, which is not encrypted.",
            advice="Give that address if you want it all the same.",
        )
    if not follow(target.url):
        raise WebPageError(f"The page sends on to {target.url}, which was not asked for.")
    return target


def _response(line: Line, address: WebAddress) -> HTTPResponse:
    asking = HTTPConnection(address.host, address.port)
    asking.sock = line
    asking.request("GET", address.target, headers={"Host": address.authority, **HEADERS})
    return asking.getresponse()


def _body(response: HTTPResponse, most_bytes: int) -> bytes:
    """The content, unpacked."""
    blocks: Iterable[bytes] = iter(lambda: response.read(BLOCK), b"")
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing in ("gzip", "x-gzip"):
        blocks = _unpacked(blocks)
    elif packing not in ("", "identity"):
        raise WebPageError("The page is packed in a way that Quire did not ask for.")
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > most_bytes:
            raise LimitError(f"The page is larger than {most_bytes // 1024**2} MB.")
    if response.length:
        raise IncompleteRead(b"")
    return bytes(content)


def _unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip stream, in pieces that are never large; what follows it is left."""
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for block in blocks:
        packed = block
        while packed and not gzip.eof:
            yield gzip.decompress(packed, BLOCK)
            packed = gzip.unconsumed_tail
    yield gzip.flush()
    if not gzip.eof:
        raise IncompleteRead(b"")


def _media_type(response: HTTPResponse) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _refusal(status: int) -> WebPageError:
    try:
        told = f"{status} ({http.HTTPStatus(status).phrase})"
    except ValueError:
        told = str(status)
    error = WebPageError(f"The server gave no page but answered {told}.")
    error.status = status
    return error


@contextmanager
def _told(address: WebAddress) -> Iterator[None]:
    """Put what goes wrong on the way into a sentence."""
    host = address.authority
    try:
        yield
    except TimeoutError as error:
        raise WebPageError(f"{host} took too long.", advice="Try again later.") from error
    except socket.gaierror as error:
        raise WebPageError(
            f"No host named {address.host} was found.",
            advice="Check the address, and that this machine is on the internet.",
        ) from error
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message.rstrip(".")
        raise WebPageError(f"The certificate of {host} cannot be trusted: {why}.") from error
    except ssl.SSLError as error:
        raise WebPageError(f"No encrypted connection to {host} could be made.") from error
    except (HTTPException, zlib.error, ValueError) as error:
        raise WebPageError(f"What {host} sent is damaged or cut short.") from error
    except OSError as error:
        raise WebPageError(f"{host} cannot be reached.", advice="Try again later.") from error
