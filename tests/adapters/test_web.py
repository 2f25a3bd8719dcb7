"""Fetching from the web, from servers on this machine under names of our own.

Loopback is refused by rule, so the rule is loosened by exactly 127.0.0.1 and the server's port;
names are resolved by a table.
"""

import gzip
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_address

import pytest
import trustme

from kb.adapters.web import FetchLimits, WebFetcher
from kb.adapters.web_addresses import WEB_PORTS, IpAddress, is_public
from kb.adapters.web_line import Resolve
from kb.domain.errors import InvalidInputError, LimitError, QuireError, WebPageError
from tests.adapters.web_server import Answer, WebServer, moved, not_found, ok

HERE = "127.0.0.1"
LIMITS = FetchLimits(body_bytes=100_000, header_bytes=20_000, seconds=20, seconds_to_answer=10)
Serve = Callable[..., WebServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as open_servers:

        def start(answers: dict[str, Answer] | Answer, **options: ssl.SSLContext) -> WebServer:
            server = WebServer(answers, **options)
            open_servers.callback(server.close)
            return server

        yield start


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def public_or_here(ip: IpAddress) -> bool:
    return ip == ip_address(HERE) or is_public(ip)


def named(**addresses: Sequence[str]) -> Resolve:
    """Resolves NAME.example by a table."""
    return lambda host, _: addresses[host.removesuffix(".example")]


def fetcher(
    server: WebServer,
    resolve: Resolve | None = None,
    limits: FetchLimits = LIMITS,
    certificates: ssl.SSLContext | None = None,
) -> WebFetcher:
    return WebFetcher(
        resolve=resolve or named(site=[HERE]),
        may_open=public_or_here,
        ports=WEB_PORTS | {server.port},
        limits=limits,
        certificates=certificates,
    )


def site(server: WebServer, path: str = "/", scheme: str = "http", host: str = "site") -> str:
    return f"{scheme}://{host}.example:{server.port}{path}"


def test_a_page_comes_as_it_was_sent(serve: Serve) -> None:
    server = serve(ok(b"<p>words", "Content-Type: Text/HTML; charset=utf-8"))
    page = fetcher(server).fetch(site(server, "/a?b=c#part"))
    assert page.content == b"<p>words"
    assert page.media_type == "text/html"
    assert page.url == site(server, "/a?b=c")
    assert server.paths == ["/a?b=c"]


def test_the_request_says_no_more_than_it_must(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    first = moved("/next").replace(b"\r\n\r\n", b"\r\nSet-Cookie: who=you; Path=/\r\n\r\n")
    server = serve({"/": first, "/next": ok()})
    fetcher(server).fetch(site(server))
    for head in server.asked:
        names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:] if line]
        assert names == [b"Host", b"User-Agent", b"Accept", b"Accept-Encoding", b"Connection"]
        assert f"Host: site.example:{server.port}\r\nUser-Agent: Quire\r\n".encode() in head


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords and more",
        b"HTTP/1.0 200 OK\r\n\r\nwords",
        b"HTTP/1.1 200\r\n\r\nwords",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nwords\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nwords",
        ok(gzip.compress(b"words"), "Content-Encoding: gzip"),
        ok(gzip.compress(b"words") + b"\0\0", "Content-Encoding: x-gzip"),
    ],
)
def test_a_body_may_be_sent_in_several_ways(serve: Serve, answer: bytes) -> None:
    server = serve(answer)
    page = fetcher(server).fetch(site(server))
    assert page.content == b"words"
    assert page.media_type == ""


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/9 200 OK\r\n\r\nwords",
        b"HTTP/1.1 two OK\r\n\r\nwords",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nwords",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nwords",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\nwords",
        ok(gzip.compress(b"words")[:-3], "Content-Encoding: gzip"),
        ok(b"words", "Content-Encoding: gzip"),
    ],
)
def test_what_is_damaged_or_cut_short_is_told(serve: Serve, answer: bytes) -> None:
    server = serve(answer)
    with pytest.raises(WebPageError, match="damaged or cut short") as told:
        fetcher(server).fetch(site(server))
    assert told.value.subject == site(server)


def test_a_packing_that_was_not_asked_for_is_refused(serve: Serve) -> None:
    server = serve(ok(b"words", "Content-Encoding: br"))
    with pytest.raises(WebPageError, match="did not ask for"):
        fetcher(server).fetch(site(server))


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (not_found(), 404, r"answered 404 \(Not Found\)\."),
        (b"HTTP/1.1 403 <b>no</b>\r\n\r\n", 403, r"answered 403 \(Forbidden\)\."),
        (b"HTTP/1.1 599 odd\r\n\r\n", 599, r"answered 599\."),
        (b"HTTP/1.1 204 No\r\n\r\n", 204, "answered 204"),
        (b"HTTP/1.1 302 Found\r\n\r\n", 302, "answered 302"),
    ],
)
def test_another_answer_than_a_page_is_told(
    serve: Serve, answer: bytes, status: int, told: str
) -> None:
    server = serve(answer)
    with pytest.raises(WebPageError, match=told) as error:
        fetcher(server).fetch(site(server))
    assert error.value.status == status


def test_redirects_are_followed(serve: Serve) -> None:
    server = serve(b"")
    server.answers = {
        "/": moved("/b", 301),
        "/b": moved("c?d#e", 303),
        "/c?d": moved(f"//other.example:{server.port}/f", 307),
        "/f": moved("/ü", 308),
        "/%C3%BC": ok(),
    }
    page = fetcher(server, named(site=[HERE], other=[HERE])).fetch(site(server))
    assert page.url == site(server, "/%C3%BC", host="other")
    assert page.content == b"words"


def test_endless_redirects_end(serve: Serve) -> None:
    server = serve(moved("/"))
    with pytest.raises(WebPageError, match="more than 5 times") as told:
        fetcher(server).fetch(site(server))
    assert told.value.subject == site(server)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://127.0.0.2/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "//inside.example/",
        "http://mixed.example/",
    ],
)
def test_a_redirect_into_the_own_network_is_refused(serve: Serve, location: str) -> None:
    server = serve(moved(location))
    names = named(site=[HERE], inside=["192.168.1.1"], mixed=["93.184.215.14", "10.0.0.1"])
    with pytest.raises(WebPageError, match="not a host of the public internet"):
        fetcher(server, names).fetch(site(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://site.example/",
        "gopher://site.example/",
        "http://anna:secret@site.example/",
        "http://2130706433/",
        "http://[::1",
        "http://site.example/\x01",
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(serve: Serve, location: str) -> None:
    server = serve(moved(location))
    with pytest.raises(WebPageError, match="what is no web address") as told:
        fetcher(server).fetch(site(server))
    assert "secret" not in str(told.value)


def test_a_redirect_to_another_port_is_refused(serve: Serve) -> None:
    server = serve(moved("http://site.example:6379/"))
    with pytest.raises(WebPageError, match="no pages at port 6379"):
        fetcher(server).fetch(site(server))


def test_a_redirect_goes_only_where_it_may(serve: Serve) -> None:
    server = serve({"/": moved("/elsewhere"), "/elsewhere": ok()})
    with pytest.raises(WebPageError, match="was not asked for"):
        fetcher(server).fetch(site(server), lambda url: not url.endswith("/elsewhere"))
    assert server.paths == ["/"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:a00:1]/",
        "http://[::ffff:808:808]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://100.100.100.200/",
        "http://0.0.0.0/",
        "http://255.255.255.255/",
    ],
)
def test_an_address_of_the_own_network_is_not_opened(url: str) -> None:
    with pytest.raises(WebPageError, match="not a host of the public internet") as told:
        WebFetcher().fetch(url)
    assert told.value.subject == url


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.2"],
        ["93.184.215.14", "10.0.0.1"],
        ["10.0.0.1", "93.184.215.14"],
        ["93.184.215.14", "::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["no address"],
        [],
    ],
)
def test_a_host_with_one_address_in_the_own_network_is_not_opened(
    serve: Serve, addresses: list[str]
) -> None:
    server = serve(ok())
    with pytest.raises(WebPageError, match="not a host of the public internet"):
        fetcher(server, named(site=addresses)).fetch(site(server))
    assert server.asked == []


def test_names_of_this_machine_are_not_opened() -> None:
    with pytest.raises(WebPageError, match="not a host of the public internet"):
        WebFetcher().fetch("http://localhost/")


def test_a_name_is_asked_for_once(serve: Serve) -> None:
    server = serve(ok())
    answers = iter([[HERE], ["10.0.0.1"]])
    assert fetcher(server, lambda *_: next(answers)).fetch(site(server)).content == b"words"
    assert next(answers) == ["10.0.0.1"]


def test_each_redirect_is_checked_anew(serve: Serve) -> None:
    server = serve({"/": moved("/next"), "/next": ok()})
    answers = iter([[HERE], ["10.0.0.1"]])
    with pytest.raises(WebPageError, match="not a host of the public internet"):
        fetcher(server, lambda *_: next(answers)).fetch(site(server))
    assert server.paths == ["/"]


def test_the_next_address_is_tried_where_one_is_silent(serve: Serve) -> None:
    server = serve(ok())
    fetching = WebFetcher(
        resolve=named(site=["127.0.0.2", HERE]),
        may_open=lambda ip: ip.is_loopback,
        ports=frozenset({server.port}),
    )
    assert fetching.fetch(site(server)).content == b"words"


@pytest.mark.parametrize(
    "url", ["ftp://site.example/", "http://anna:secret@site.example/", "site.example", "http://1.1"]
)
def test_what_is_no_web_address_is_not_asked_for(url: str) -> None:
    with pytest.raises(InvalidInputError) as told:
        WebFetcher(resolve=named()).fetch(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("port", [0, 22, 25, 6379, 8501, 11434])
def test_other_ports_than_the_webs_are_not_opened(port: int) -> None:
    with pytest.raises(WebPageError, match=f"no pages at port {port}"):
        WebFetcher(resolve=named()).fetch(f"http://site.example:{port}/")


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(WebPageError, match=r"No host named nowhere\.invalid was found"):
        WebFetcher().fetch("http://nowhere.invalid/")


def test_a_resolver_that_is_silent_is_given_up(serve: Serve) -> None:
    server = serve(ok())
    never = socket.socketpair()

    def wait(*_: object) -> list[str]:
        never[0].recv(1)
        return []

    fetching = fetcher(server, wait, replace(LIMITS, seconds_to_answer=0.2))
    try:
        with pytest.raises(WebPageError, match="took too long"):
            fetching.fetch(site(server))
    finally:
        never[1].send(b"x")
        for end in never:
            end.close()


def test_a_server_that_is_not_there_is_told(serve: Serve) -> None:
    with socket.create_server((HERE, 0)) as closed:
        port = closed.getsockname()[1]
    fetching = WebFetcher(
        resolve=named(site=[HERE]), may_open=public_or_here, ports=frozenset({port})
    )
    with pytest.raises(WebPageError, match="cannot be reached"):
        fetching.fetch(f"http://site.example:{port}/")


def trickle(connection: socket.socket) -> None:
    """Something now and then, so that no single wait is long; until the other side leaves."""
    connection.settimeout(0.02)
    while True:
        connection.sendall(b" ")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def slow_page(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    trickle(connection)


@pytest.mark.parametrize(
    ("answer", "limits"),
    [
        (trickle, replace(LIMITS, seconds_to_answer=0.3)),
        (lambda connection: connection.recv(1), replace(LIMITS, seconds_to_answer=0.3)),
        (slow_page, replace(LIMITS, seconds=0.3)),
    ],
    ids=["a head that trickles", "no answer", "a body that trickles"],
)
def test_a_slow_server_is_given_up(serve: Serve, answer: Answer, limits: FetchLimits) -> None:
    server = serve(answer)
    with pytest.raises(WebPageError, match="took too long"):
        fetcher(server, limits=limits).fetch(site(server))


def endless(start: bytes, block: bytes) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(block)

    return send


BOMB = zlib.compressobj(wbits=31)
GZIPPED = b"".join([*(BOMB.compress(bytes(1 << 20)) for _ in range(50)), BOMB.flush()])


@pytest.mark.parametrize(
    "answer",
    [
        ok(bytes(100_001)),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", bytes(4096)),
        endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + bytes(4096) + b"\r\n",
        ),
        ok(GZIPPED, "Content-Encoding: gzip"),
        endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b""), b"\0"),
    ],
    ids=["large", "endless", "endless in chunks", "gzip bomb", "endless after gzip"],
)
def test_a_page_over_the_limit_is_given_up(serve: Serve, answer: Answer) -> None:
    server = serve(answer)
    with pytest.raises(LimitError):
        fetcher(server).fetch(site(server))


def test_a_page_at_the_limit_is_taken(serve: Serve) -> None:
    server = serve(ok(gzip.compress(bytes(100_000)), "Content-Encoding: gzip"))
    assert fetcher(server).fetch(site(server)).content == bytes(100_000)


@pytest.mark.parametrize(
    "answer",
    [
        endless(b"HTTP/1.1 200 ", b"a" * 1000),
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 1000),
        endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=["status", "one header", "large headers", "many headers", "interim answers", "trailers"],
)
def test_endless_headers_are_given_up(serve: Serve, answer: Answer) -> None:
    server = serve(answer)
    with pytest.raises((LimitError, WebPageError)):
        fetcher(server).fetch(site(server))


def test_an_encrypted_page_comes(serve: Serve, authority: trustme.CA) -> None:
    server = serve(ok(), certificate=certified(authority, "site.example"))
    fetching = fetcher(server, certificates=trusting(authority))
    assert fetching.fetch(site(server, scheme="https")).content == b"words"


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", "localhost", "*.site.example"])
def test_the_certificate_of_another_name_is_refused(
    serve: Serve, authority: trustme.CA, name: str
) -> None:
    server = serve(ok(), certificate=certified(authority, name))
    with pytest.raises(WebPageError, match=r"certificate of site\.example.*[Hh]ostname mismatch"):
        fetcher(server, certificates=trusting(authority)).fetch(site(server, scheme="https"))
    assert server.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    serve: Serve, authority: trustme.CA
) -> None:
    server = serve(ok(), certificate=certified(authority, "site.example"))
    with pytest.raises(WebPageError, match=r"certificate of site\.example.*cannot be trusted"):
        fetcher(server).fetch(site(server, scheme="https"))
    assert server.asked == []


def test_an_answer_without_encryption_is_refused(serve: Serve) -> None:
    server = serve(ok())
    with pytest.raises(QuireError, match="No encrypted connection"):
        fetcher(server).fetch(site(server, scheme="https"))


def test_no_redirect_leaves_encryption(serve: Serve, authority: trustme.CA) -> None:
    plain = serve(ok())
    location = f"http://site.example:{plain.port}/"
    server = serve(moved(location), certificate=certified(authority, "site.example"))
    fetching = WebFetcher(
        resolve=named(site=[HERE]),
        may_open=public_or_here,
        ports=frozenset({server.port, plain.port}),
        certificates=trusting(authority),
    )
    with pytest.raises(WebPageError, match="which is not encrypted") as told:
        fetching.fetch(site(server, scheme="https"))
    assert location in str(told.value)
    assert plain.asked == []
