"""What the word index holds of a text: the stems of its words, in the text's own language."""

from collections.abc import Collection

import regex

from kb.domain.stems import stems
from kb.domain.words import content_words, spoken, words

_HAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")


def indexed(text: str, language: str) -> str:
    """The text as it is indexed: its words' stems, separated by spaces.

    Single Chinese and Japanese characters stand there as well, beside their pairs.
    """
    stemmed = stems(words(text), language)
    return " ".join([*stemmed, *_HAN.findall(text)])


def phrases(question: str, languages: Collection[str]) -> list[str]:
    """The question's words in each of the languages, in the syntax of FTS5.

    Words of one stem count once each: to say a thing in two forms is to stress it.
    """
    told = list(dict.fromkeys(content_words(question, spoken(question, languages))))
    in_each = zip(*(stems(told, language) for language in sorted(languages)), strict=True)
    return [f'"{phrase}"' for forms in in_each for phrase in dict.fromkeys(forms) if phrase]


def any_form(word: str, languages: Collection[str]) -> str:
    """One word in any of the languages, in the syntax of FTS5."""
    forms = {form for language in languages for form in stems([word.lower()], language)}
    return " OR ".join(f'"{form}"' for form in sorted(forms) if form)
