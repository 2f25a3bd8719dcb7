"""What the word index holds of a text: the stems of its words, in the text's own language.

Source: the Snowball stemmers; Porter, "An algorithm for suffix stripping" (1980), for English.
"""

import re
from collections.abc import Collection, Iterator

import regex
from Stemmer import Stemmer

from kb.domain.words import ENGLISH, content_words, stop_words, words

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
_HAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_PARTS = re.compile(r"[^_.,]+")


def indexed(text: str, language: str) -> str:
    """The text as it is indexed: its words' stems, separated by spaces.

    Single Chinese and Japanese characters stand there as well, beside their pairs.
    """
    stemmed = _stemmed(words(text), language)
    return " ".join([*stemmed, *_HAN.findall(text)])


def phrases(question: str, languages: Collection[str]) -> list[str]:
    """The question's words in each of the languages, in the syntax of FTS5.

    Words of one stem count once each: to say a thing in two forms is to stress it.
    """
    told = list(dict.fromkeys(content_words(question, spoken(question, languages))))
    in_each = zip(*(_stemmed(told, language) for language in sorted(languages)), strict=True)
    return [f'"{phrase}"' for forms in in_each for phrase in dict.fromkeys(forms) if phrase]


def any_form(word: str, languages: Collection[str]) -> str:
    """One word in any of the languages, in the syntax of FTS5."""
    forms = {form for language in languages for form in _stemmed([word.lower()], language)}
    return " OR ".join(f'"{form}"' for form in sorted(forms))


def spoken(question: str, languages: Collection[str]) -> str:
    """The one of the languages that most of the question's words are stop-words of."""
    said = words(question)
    return max(
        sorted(languages, key=lambda language: (language not in ("", ENGLISH), language)),
        key=lambda language: sum(word in stop_words(language) for word in said),
        default=ENGLISH,
    )


def _stemmed(said: Collection[str], language: str) -> Iterator[str]:
    """The stem of each word, those of its parts where signs join them."""
    algorithm = _STEMMERS.get(language)
    # Made anew each time, which costs next to nothing: one may not serve two threads.
    stemmer = Stemmer(algorithm, 0) if algorithm else None
    for word in said:
        parts = _PARTS.findall(word)
        yield " ".join(stemmer.stemWords(parts) if stemmer else parts)
