"""The stems of words, by language.

Source: the Snowball stemmers; Porter, "An algorithm for suffix stripping" (1980), for English.
"""

import re
from collections.abc import Collection, Iterator

from Stemmer import Stemmer

_STEMMERS = {
    "": "porter",
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "porter", "es": "spanish", "et": "estonian", "eu": "basque",
    "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
_PARTS = re.compile(r"[^_.,]+")


def stems(said: Collection[str], language: str) -> Iterator[str]:
    """The stem of each word in lower case, those of its parts where signs join them.

    The words themselves where the language (ISO 639-1) has no stemmer.
    """
    algorithm = _STEMMERS.get(language)
    # Made anew each time, which costs next to nothing: one may not serve two threads.
    stemmer = Stemmer(algorithm, 0) if algorithm else None
    for word in said:
        parts = _PARTS.findall(word)
        yield " ".join(stemmer.stemWords(parts) if stemmer else parts)
