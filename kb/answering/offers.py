"""Questions that a document can answer, from its headings."""

import re
from collections import Counter
from collections.abc import Sequence

from kb.domain.documents import Passage

MOST = 4
SUMMARY = "Summarise this document."
SUBJECT = "What do these documents say about {}?"

_NUMBER = re.compile(r"^(?:(?:chapter|part|section|item|§)\s+)?[\dIVX]+(?:\.\d+)*[.):]*\s+", re.I)
_SAYS_LITTLE = frozenset(
    """
    contents content index references introduction abstract conclusion conclusions notes appendix
    acknowledgements acknowledgments overview summary preface foreword glossary bibliography
    """.split()
)
_SHORTEST, _LONGEST = 4, 60


def questions_about(passages: Sequence[Passage]) -> list[str]:
    """For a summary, and for what stands under the headings with the most text, in their order."""
    tokens: Counter[str] = Counter()
    for passage in passages:
        if passage.heading_path:
            tokens[_subject(passage.heading_path[-1])] += passage.token_count
    telling = [subject for subject, _ in tokens.most_common() if _tells(subject)][:MOST]
    asked = [SUBJECT.format(subject) for subject in tokens if subject in telling]
    return [SUMMARY, *asked] if passages else []


def _subject(heading: str) -> str:
    return _NUMBER.sub("", " ".join(heading.split())).rstrip(" .:?!")


def _tells(subject: str) -> bool:
    letters = sum(character.isalpha() for character in subject)
    fits = letters >= _SHORTEST and len(subject) <= _LONGEST
    return fits and subject.lower() not in _SAYS_LITTLE
