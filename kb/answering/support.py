"""Whether a passage bears out a sentence, and by which of its own sentences.

A first, literal check: the sentence's words and every one of its numbers must stand in the
passage. Not covered: a sentence that says the opposite in the same words.
"""

import re
from dataclasses import dataclass

from kb.domain.conversations import Support
from kb.domain.sentences import sentence_spans
from kb.domain.words import content_words

SUPPORTED = 0.75
PARTIAL = 0.4

_BETWEEN_WORDS = r"(?:\s*\[\d[\d,\s]*\])*\s+"
"""White space, and reference marks such as [12] that quotes leave out."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The verdict, its score (0..1), and the characters start..end of the passage it rests on."""

    support: Support
    score: float
    start: int
    end: int


def check_support(statement: str, passage: str) -> Check:
    """Compare a sentence without its marks with the text of the passage it cites."""
    literal = _find_literally(statement, passage)
    if literal:
        return Check(support=Support.SUPPORTED, score=1.0, start=literal[0], end=literal[1])
    wanted = set(_stems(statement))
    score = _coverage(wanted, passage)
    start, end = _best_stretch(wanted, passage)
    numbers = set(_NUMBER.findall(statement)) <= set(_NUMBER.findall(passage))
    return Check(support=_verdict(score, numbers), score=score, start=start, end=end)


def _verdict(score: float, numbers_found: bool) -> Support:
    if score >= SUPPORTED and numbers_found:
        return Support.SUPPORTED
    return Support.PARTIAL if score >= PARTIAL else Support.UNSUPPORTED


def _find_literally(statement: str, passage: str) -> tuple[int, int] | None:
    words = statement.strip(" \"'“”‘’").split()
    if not words:
        return None
    match = re.search(_BETWEEN_WORDS.join(map(re.escape, words)), passage, re.IGNORECASE)
    return match.span() if match else None


def _best_stretch(wanted: set[str], passage: str) -> tuple[int, int]:
    spans = sentence_spans(passage) or [(0, len(passage))]
    return max(spans, key=lambda span: _coverage(wanted, passage[span[0] : span[1]]))


def _coverage(wanted: set[str], text: str) -> float:
    return len(wanted & set(_stems(text))) / len(wanted) if wanted else 0.0


def _stems(text: str) -> list[str]:
    # Enough to let "covers" meet "covered"; a stemmer would be a dependency for little.
    return [word[:6] if word.isalpha() else word for word in content_words(text)]
