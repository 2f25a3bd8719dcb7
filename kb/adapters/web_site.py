"""Fetches the pages of one site, politely: one at a time, with pauses, where robots.txt allows.

Not covered: wildcards in robots.txt, which the standard library reads literally.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

from kb.adapters.web import USER_AGENT
from kb.adapters.web_addresses import WebAddress, parse_address
from kb.domain.errors import IngestionError, InvalidInputError, QuireError, WebPageError
from kb.ports import FetchedPage, WebPages

PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SECONDS_TO_CANCEL = 0.5
MOST_ROBOTS_BYTES = 500 * 1024
LINKING = frozenset({"text/html", "application/xhtml+xml"})

FindLinks = Callable[[bytes], Sequence[str]]


class SiteCrawler:
    """Follows links. `find_links` gives those of a page, relative ones as they are written."""

    def __init__(
        self, pages: WebPages, find_links: FindLinks, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._pages = pages
        self._find_links = find_links
        self._wait = wait

    def crawl(
        self,
        start_url: str,
        *,
        depth: int,
        most_pages: int,
        cancelled: Callable[[], bool] = lambda: False,
        missed: Callable[[QuireError], None] = lambda _: None,
    ) -> Iterator[FetchedPage]:
        """The start page, and what lies beside and below it within `depth` links of it.

        At most `most_pages` are asked for. `missed` is told of each that could not be had, its
        address being the error's subject; the start page's error is raised, as by `fetch`.
        """
        robots = _Robots(self._pages)
        page = self._fetched(start_url, robots.allow)
        site = _Site(parse_address(page.url), robots, room=most_pages - 1)
        site.known |= {parse_address(start_url).url, page.url}
        yield page
        if depth > 0:
            site.note(self._links(page, missed), steps=1)
        while site.waiting:
            url, steps = site.waiting.popleft()
            self._pause(robots.pause(site.start), cancelled)
            if cancelled():
                return
            try:
                page = self._fetched(url, site.allow)
            except (IngestionError, InvalidInputError) as error:
                missed(error)
                continue
            if page.url != url and page.url in site.known:
                continue
            site.known.add(page.url)
            yield page
            if steps < depth:
                site.note(self._links(page, missed), steps=steps + 1)

    def _fetched(self, url: str, allow: Callable[[str], bool]) -> FetchedPage:
        if not allow(url):
            raise WebPageError(
                "The site's robots.txt asks programs not to fetch this page.", subject=url
            )
        return self._pages.fetch(url, allow)

    def _links(self, page: FetchedPage, missed: Callable[[QuireError], None]) -> list[WebAddress]:
        if page.media_type not in LINKING:
            return []
        try:
            written = self._find_links(page.content)
        except IngestionError as error:
            error.subject = page.url
            missed(error)
            return []
        found = (_absolute(page.url, link) for link in written)
        return [address for address in found if address is not None]

    def _pause(self, seconds: float, cancelled: Callable[[], bool]) -> None:
        while seconds > 0 and not cancelled():
            self._wait(min(seconds, SECONDS_TO_CANCEL))
            seconds -= SECONDS_TO_CANCEL


class _Site:
    """What lies beside and below the start, what of it is known, and what is yet to be fetched."""

    def __init__(self, start: WebAddress, robots: "_Robots", *, room: int) -> None:
        self.start = start
        self.known: set[str] = set()
        self.waiting: deque[tuple[str, int]] = deque()
        self._robots = robots
        self._room = room

    def note(self, links: Iterable[WebAddress], *, steps: int) -> None:
        """Let what is new and lies within the site wait, as long as there is room."""
        for address in links:
            if self._room > 0 and self._has(address) and address.url not in self.known:
                self._room -= 1
                self.known.add(address.url)
                self.waiting.append((address.url, steps))

    def allow(self, url: str) -> bool:
        """Whether a page may be fetched."""
        return self._has(parse_address(url)) and self._robots.allow(url)

    def _has(self, address: WebAddress) -> bool:
        same = address.origin == self.start.origin
        return same and address.target.startswith(self.start.folder)


class _Robots:
    """The robots.txt of each origin. Source: RFC 9309."""

    def __init__(self, pages: WebPages) -> None:
        self._pages = pages
        self._rules: dict[str, RobotFileParser] = {}

    def allow(self, url: str) -> bool:
        return self._of(parse_address(url)).can_fetch(USER_AGENT, url)

    def pause(self, address: WebAddress) -> float:
        """Seconds between two pages."""
        wanted = float(self._of(address).crawl_delay(USER_AGENT) or 0)
        return min(max(wanted, PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)

    def _of(self, address: WebAddress) -> RobotFileParser:
        if address.origin not in self._rules:
            self._rules[address.origin] = self._fetched(address.origin)
        return self._rules[address.origin]

    def _fetched(self, origin: str) -> RobotFileParser:
        """Without a robots.txt all is allowed; if it cannot be had for now, nothing is."""
        rules = RobotFileParser()
        try:
            content = self._pages.fetch(f"{origin}/robots.txt").content[:MOST_ROBOTS_BYTES]
            rules.parse(content.decode("utf-8", "replace").splitlines())
        except WebPageError as error:
            if not 400 <= error.status < 500:
                raise
            rules.parse([])
        return rules


def _absolute(page_url: str, link: str) -> WebAddress | None:
    try:
        return parse_address(urljoin(page_url, link))
    except (InvalidInputError, ValueError):
        return None
