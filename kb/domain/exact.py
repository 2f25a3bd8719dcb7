"""Exact search: what is looked for word for word, and the places that hold it."""

import re
from dataclasses import dataclass

from kb.domain.documents import Document, PassageId
from kb.domain.errors import InvalidInputError
from kb.domain.words import counted

_QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
_TERM = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)"?|(?P<word>\S+)')
_PLACES = re.compile(
    r"(?:please\s+)?(?:find|list|show(?:\s+me)?)\s+(?:me\s+)?(?:every|each|all(?:\s+the)?)\s+"
    r"(?:place|passage|page|spot|sentence|mention|occurrence|instance)s?\s+"
    r"(?:(?:that|which|where\s+it|where\s+they)\s+(?:says?|mentions?|contains?|reads?)|of|with)\s+"
    r"(?P<said>.+)",
    re.IGNORECASE | re.DOTALL,
)
_ALL_QUOTED = re.compile(
    r"(?:please\s+)?(?:find|list|show(?:\s+me)?)\s+(?:every|each|all)\b[^\"]*(?P<said>(?<!\S)-?\".+)",
    re.IGNORECASE | re.DOTALL,
)
_FIND_QUOTED = re.compile(r"(?:please\s+)?find\s+(?P<said>\".+)", re.IGNORECASE | re.DOTALL)
_ONLY_QUOTED = re.compile(r'(?:\s*(?:"[^"]+"|-"[^"]+"|-\w\S*))+\s*[.!]?\s*')


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactQuery:
    """Words and phrases that must all stand on a page, and those that must not.

    A page is the document's own, as in a PDF; other documents are one page.
    """

    wanted: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternQuery:
    """A regular expression, upper and lower case taken as the same."""

    pattern: str


Exact = ExactQuery | PatternQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One occurrence: characters start..end of the document's text.

    `passage_id` is the passage in which it begins; `passage_text` goes on to the occurrence's end
    where that lies in another one. `quote` is the part of it that is a line round the occurrence,
    `text` that line as it is shown, and characters `mark` of `text` are the occurrence.
    """

    document: Document
    page: int
    passage_id: PassageId
    heading_path: tuple[str, ...]
    start: int
    end: int
    passage_text: str
    quote: str
    text: str
    mark: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Some of the places found, in order of document and page, and how many there are in all.

    `complete` is false where the time ran out: then there may be more than were counted.
    """

    listed: tuple[Place, ...]
    count: int
    documents: int
    complete: bool = True

    @property
    def told(self) -> str:
        """How many places there are in how many documents."""
        return f"{counted(self.count, 'place')} in {counted(self.documents, 'document')}"


def exact_query(text: str) -> ExactQuery:
    """What `words "a phrase" -without -"this phrase"` asks for.

    An apostrophe or a hyphen inside a word belongs to it; a phrase that is not closed goes to
    the end. Raises InvalidInputError where nothing is wanted.
    """
    wanted: list[str] = []
    excluded: list[str] = []
    for match in _TERM.finditer(text.translate(_QUOTES)):
        word = match["word"] or ""
        minus = bool(match["minus"]) or (len(word) > 1 and word.startswith("-"))
        term = " ".join((match["phrase"] or word.removeprefix("-")).split())
        if term:
            (excluded if minus else wanted).append(term)
    if not wanted:
        raise InvalidInputError(
            "Nothing is looked for.", advice="Give a word or a “quoted phrase” that must be there."
        )
    return ExactQuery(wanted=tuple(dict.fromkeys(wanted)), excluded=tuple(dict.fromkeys(excluded)))


def places_asked_for(question: str) -> ExactQuery | None:
    """What a question wants listed word for word; None for any other question.

    Such are: `find every place that says …` (also list or show; all; passages, pages, mentions,
    occurrences; mentions, contains, of), `find "…"`, and `find all …` with a quoted phrase. Where
    something is quoted that is looked for, else all that follows, as one phrase.
    """
    asked = question.translate(_QUOTES).strip()
    if match := _PLACES.fullmatch(asked):
        said = match["said"]
        if '"' not in said:
            said = f'"{said.strip().rstrip(".?!").strip()}"'
        return _quoted(said)
    match = _ALL_QUOTED.fullmatch(asked)
    if match:
        return _quoted(match["said"])
    match = _FIND_QUOTED.fullmatch(asked)
    return _quoted(match["said"]) if match and _ONLY_QUOTED.fullmatch(match["said"]) else None


def _quoted(said: str) -> ExactQuery | None:
    """The quoted and the excluded of it; what stands between is how people talk."""
    every = list(_TERM.finditer(said))
    if any(match["word"] and match["word"].lower() == "or" for match in every):
        return None
    terms = [m for m in every if m["phrase"] or (m["word"] or "").startswith("-")]
    try:
        return exact_query(" ".join(match.group() for match in terms))
    except InvalidInputError:
        return None
