"""Which words of a text carry what it says."""

import re

WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+")

STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are aren as at be because been before being
    below between both but by can cannot could couldn d did didn do does doesn doing don down
    during each few for from further give had hadn has hasn have haven having he her here hers
    him his how i if in into is isn it its itself just ll m me more most my no nor not now of off
    on once only or other our ours out over own please re s same she should shouldn show so some
    such t tell than that the their theirs them then there these they this those through to too
    under until up ve very was wasn we were weren what when where which while who whom why will
    with won would wouldn you your yours
    """.split()
)


def words(text: str) -> list[str]:
    """The text's words in lower case, in order."""
    return [match.group().lower() for match in WORD.finditer(text)]


def content_words(text: str) -> list[str]:
    """The words without the stop-words; all of them where nothing else is left."""
    every = words(text)
    return [word for word in every if word not in STOP_WORDS] or every


def counted(count: int, thing: str) -> str:
    """1 page, 2 pages."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
