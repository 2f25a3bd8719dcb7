"""Which language a text is written in."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LOOKED_AT = 4_000
"""Characters of a text that are enough to tell."""

FEWEST_LETTERS = 40
"""A shorter text tells no language."""

# Those with stop-words or a stemmer, and what is written without spaces: of all languages that
# can be told, many are close to one of these and spoken by few.
TOLD = (
    "ar bg ca cs da de el en es et eu fa fi fr ga he hi hu hy id it ja km ko lo lt ne nl no pl "
    "pt ro ru sk sr sv ta th tr uk vi zh"
).split()


def language_of(text: str) -> str:
    """The language as ISO 639-1 tells it, by the text's beginning; empty for a short text."""
    beginning = text[:LOOKED_AT]
    if sum(map(str.isalpha, beginning)) < FEWEST_LETTERS:
        return ""
    language: str = _identifier().classify(beginning)[0]
    return language


def give_back() -> None:
    """Let the tables go, 90 MB; the next text loads them again."""
    _identifier.cache_clear()


@cache
def _identifier() -> "LanguageIdentifier":
    # Its tables take a moment to load, which the first page need not wait for.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(TOLD)
    return identifier
