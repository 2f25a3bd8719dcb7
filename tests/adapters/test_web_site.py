"""Fetching the pages of one site."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kb.adapters.readers.links import page_links
from kb.adapters.readers.sandbox import ReadingProcess
from kb.adapters.web import WebFetcher
from kb.adapters.web_site import SiteCrawler
from kb.domain.errors import QuireError, ReaderCrashedError, WebPageError
from kb.ports import FetchedPage
from tests.adapters.web_server import WebServer, html, moved, not_found, ok

HOME = "https://site.example"


class Pages:
    """A web of our own: pages by their address, `to:` for a redirect."""

    def __init__(self, **pages: str) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def fetch(self, url: str, follow: Callable[[str], bool] = lambda _: True) -> FetchedPage:
        self.asked.append(url)
        path = url.removeprefix(HOME).strip("/").replace("/", "_").replace(".", "_") or "home"
        content = self.pages.get(path)
        if content is None:
            error = WebPageError("The server gave no page.", subject=url)
            error.status = 404 if "later" not in path else 503
            raise error
        if content.startswith("to:"):
            target = content.removeprefix("to:")
            if not follow(target):
                raise WebPageError(f"The page sends on to {target}.", subject=url)
            return self.fetch(target, follow)
        media_type = "text/plain" if path.endswith("txt") else "text/html"
        return FetchedPage(url=url, content=content.encode(), media_type=media_type)

    @property
    def read(self) -> list[str]:
        """The paths that were asked for, without robots.txt."""
        paths = [url.removeprefix(HOME) for url in self.asked]
        return [path for path in paths if path != "/robots.txt"]


def words(content: bytes) -> Sequence[str]:
    """A page of the tests lists its links between spaces."""
    return content.decode().split()


def crawl(pages: Pages, start: str = f"{HOME}/", **options: Any) -> list[str]:
    crawler = SiteCrawler(pages, words, wait=lambda _: None)
    found = crawler.crawl(start, **{"depth": 5, "most_pages": 100, **options})
    return [page.url.removeprefix(HOME) for page in found]


def test_pages_are_fetched_breadth_first_and_each_once() -> None:
    pages = Pages(home="/a /b", a="/ /c /b#x", b="c a?q a", c="/", a_q="/a", **{"a?q": ""})
    assert crawl(pages) == ["/", "/a", "/b", "/c", "/a?q"]
    assert pages.read == ["/", "/a", "/b", "/c", "/a?q"]


@pytest.mark.parametrize(
    ("depth", "expected"), [(0, ["/"]), (1, ["/", "/a"]), (2, ["/", "/a", "/b"])]
)
def test_it_goes_as_deep_as_it_may(depth: int, expected: list[str]) -> None:
    assert crawl(Pages(home="/a", a="/b", b="/c", c=""), depth=depth) == expected


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_pages_are_asked_for_than_wanted(most: int) -> None:
    pages = Pages(home="/a /gone /gone2 /b /c /d", a="/e /f", b="", c="", d="", e="", f="")
    crawl(pages, most_pages=most)
    assert len(pages.read) == most


def test_it_stays_at_the_origin_and_below_the_start() -> None:
    links = "b ../up /other/x http://site.example/docs/c https://www.site.example/docs/d d/../../x"
    links += " https://site.example:8443/docs/e mailto:a@b.example javascript:x // http://[ d/e"
    pages = Pages(docs_a=links, docs_b="", docs_d_e="")
    assert crawl(pages, f"{HOME}/docs/a") == ["/docs/a", "/docs/b", "/docs/d/e"]
    assert pages.read == ["/docs/a", "/docs/b", "/docs/d/e"]


def test_the_site_is_where_the_start_sends_on_to() -> None:
    pages = Pages(home=f"to:{HOME}/docs/start", docs_start="/ /docs/a /b", docs_a="", b="")
    assert crawl(pages) == ["/docs/start", "/docs/a"]


def test_redirects_stay_within_the_site_and_come_once() -> None:
    told: list[QuireError] = []
    pages = Pages(
        docs="a b c d",
        docs_a=f"to:{HOME}/docs/b",
        docs_b="",
        docs_c=f"to:{HOME}/other",
        docs_d=f"to:{HOME}/docs/",
        other="",
    )
    assert crawl(pages, f"{HOME}/docs/", missed=told.append) == ["/docs/", "/docs/b"]
    assert [error.subject for error in told] == [f"{HOME}/docs/c"]
    assert "/other" not in pages.read


def test_robots_txt_is_heeded() -> None:
    told: list[QuireError] = []
    robots = "User-agent: Quire\nDisallow: /private\n\nUser-agent: *\nDisallow: /"
    pages = Pages(robots_txt=robots, home="/a /private/b", a="", private_b="")
    assert crawl(pages, missed=told.append) == ["/", "/a"]
    assert [str(error) for error in told] == [
        f"{HOME}/private/b: The site's robots.txt asks programs not to fetch this page."
    ]
    assert pages.asked.count(f"{HOME}/robots.txt") == 1


def test_a_start_that_robots_txt_forbids_is_not_fetched() -> None:
    pages = Pages(robots_txt="User-agent: *\nDisallow: /", home="")
    with pytest.raises(WebPageError, match=r"robots\.txt asks"):
        crawl(pages)
    assert pages.read == []


def test_no_page_is_fetched_while_robots_txt_cannot_be_had() -> None:
    pages = Pages(robots_txt=f"to:{HOME}/later", home="")
    with pytest.raises(WebPageError):
        crawl(pages)
    assert "/" not in pages.read


def test_it_pauses_between_pages_as_long_as_the_site_asks() -> None:
    waited: list[float] = []
    pages = Pages(robots_txt="User-agent: *\nCrawl-delay: 3\nDisallow:", home="/a /b", a="", b="")
    crawler = SiteCrawler(pages, words, wait=waited.append)
    assert len(list(crawler.crawl(f"{HOME}/", depth=1, most_pages=9))) == 3
    assert sum(waited) == 6.0
    pages.pages["robots_txt"] = "User-agent: *\nCrawl-delay: 86400\nDisallow:"
    waited.clear()
    list(crawler.crawl(f"{HOME}/", depth=1, most_pages=2))
    assert sum(waited) == 30.0


def test_it_ends_when_it_is_cancelled_also_in_a_pause() -> None:
    pages = Pages(home="/a /b", a="", b="")
    waited: list[float] = []
    crawler = SiteCrawler(pages, words, wait=waited.append)
    found = crawler.crawl(f"{HOME}/", depth=1, most_pages=9, cancelled=lambda: bool(waited))
    assert [page.url for page in found] == [f"{HOME}/"]
    assert len(waited) == 1


def test_a_start_that_cannot_be_had_is_an_error_and_another_page_is_told() -> None:
    with pytest.raises(WebPageError):
        crawl(Pages())
    told: list[QuireError] = []
    assert crawl(Pages(home="/gone /a", a=""), missed=told.append) == ["/", "/a"]
    assert [error.subject for error in told] == [f"{HOME}/gone"]


def test_links_are_looked_for_in_web_pages_only() -> None:
    assert crawl(Pages(home="/a.txt", a_txt="/b", b="")) == ["/", "/a.txt"]


def test_a_page_whose_links_cannot_be_read_is_kept_and_told() -> None:
    def breaks(_: bytes) -> list[str]:
        raise ReaderCrashedError("The reader broke down over the file.")

    told: list[QuireError] = []
    crawler = SiteCrawler(Pages(home="/a"), breaks, wait=lambda _: None)
    found = crawler.crawl(f"{HOME}/", depth=1, most_pages=9, missed=told.append)
    assert [page.url for page in found] == [f"{HOME}/"]
    assert [error.subject for error in told] == [f"{HOME}/"]


def test_a_site_is_read_from_a_server() -> None:
    server = WebServer(b"")
    server.answers = {
        "/robots.txt": not_found(),
        "/": html('<a href="a">A</a> <a href="/gone">gone</a> <a href="http://10.0.0.1/">x</a>'),
        "/a": moved("/b"),
        "/b": html("<base href='/deep/'><a href=' c '>C</a><a name=x>none</a>"),
        "/deep/c": ok(b"words", "Content-Type: text/plain"),
    }
    fetcher = WebFetcher(
        resolve=lambda *_: ["127.0.0.1"],
        may_open=lambda ip: str(ip) == "127.0.0.1",
        ports=frozenset({server.port}),
    )
    told: list[QuireError] = []
    reader = ReadingProcess(seconds=60)
    try:
        crawler = SiteCrawler(fetcher, reader.links, wait=lambda _: None)
        start = f"http://site.example:{server.port}"
        found = list(crawler.crawl(start, depth=3, most_pages=9, missed=told.append))
    finally:
        reader.close()
        server.close()
    assert [page.url.removeprefix(start) for page in found] == ["/", "/b", "/deep/c"]
    assert [error.subject for error in told] == [f"{start}/gone"]
    assert server.paths == ["/robots.txt", "/", "/a", "/b", "/gone", "/deep/c"]


def test_links_are_given_once_and_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("<a href=b>1</a><p><A HREF='a#x'>2</A><a href=b>3</a><a href='http://['>4</a>")
    assert page_links(page) == ("b", "a#x", "http://[")
    page.write_text("")
    assert page_links(page) == ()
    page.write_text("".join(f"<a href={number}>x</a>" for number in range(6000)))
    assert len(page_links(page)) == 5000
    page.write_text(f"<a href={'x' * 3000}>x</a>")
    assert page_links(page) == ()
