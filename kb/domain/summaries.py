"""Questions that want documents read whole: summarised, or for all that they say of a subject."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.domain.documents import Document
from kb.domain.stems import stems
from kb.domain.words import ENGLISH, STOP_WORDS, words

_ONE = r"""document|file|text|pdf|page|dokument\w*|datei|schriftstück\w*|fichier|texte|documento|
    archivo|texto|fichero"""
_MANY = r"""documents|files|papers|reports|texts|pdfs|dokumente\w*|dateien|unterlagen|texte\w*|
    fichiers|textes|documentos|archivos|textos|ficheros"""
_OWN = r"""these|those|the|my|our|your|all|every|of|diese\w*|die|den|der|meine\w*|unsere\w*|alle\w*|
    ces|les|mes|nos|tous|toutes|estos|esos|los|mis|nuestros|todos"""
_DOCUMENTS = rf"(?:(?:{_OWN})\s+)*(?:{_MANY})"
_PLEASE = r"""(?:(?:please|bitte|por\s+favor|can|could|would|will|you|i|we|need|want|would\s+like|
    je|veux|voudrais|quiero|kannst|können|du|sie|mir|moi|me|puedes|peux-tu|pouvez-vous)[,\s]+)*"""
_MAKE = r"""(?:(?:give|write|make|show|get|create|provide|gib|gebt|geben|schreib\w*|erstell\w*|
    mach\w*|donne|donnez|fais|faites|écris|haz|hazme|dame|escribe|da)
    (?:[-\s]+(?:me|us|mir|uns|sie|moi|nous))*\s+)?"""
_SHORT = r"""(?:(?:a|an|the|eine?n?|die|den|une?|le|la|el)\s+)?
    (?:(?:short|brief|quick|concise|detailed|long|kurze\w*|knappe\w*|bref|breve|court|corto)\s+)*"""
_POLITE_END = r"(?:[,\s]+(?:please|bitte|s'il\s+(?:te|vous)\s+pla[iî]t|por\s+favor))?"
_ASKED = r"[\s.!?¿¡]*"

_SUMMARY = (
    rf"{_PLEASE}(?:summari[sz]e|sum\s+up|r[ée]sume[rz]?(?:[-\s]moi)?|résumez|resumir)\s+"
    r"(?:for\s+me\s+)?(?P<what>.+?)",
    rf"{_PLEASE}{_MAKE}{_SHORT}(?:summary|overview|synopsis)\s+(?:of|for|on|over)\s+(?P<what>.+?)",
    rf"{_PLEASE}(?:fass|fasse|fasst|fassen)\s+(?:(?:mir|uns|sie|bitte)\s+)*(?P<what>.+?)\s+"
    r"(?:(?:bitte|kurz|knapp)\s+)*zusammen",
    rf"{_PLEASE}{_MAKE}{_SHORT}(?:zusammenfassung|überblick)\s+(?:von|über|zu|des|der)\s+"
    r"(?P<what>.+?)",
    rf"{_PLEASE}{_MAKE}{_SHORT}(?:résumé|aperçu|synthèse)\s+(?:de\s+|d['’]|du\s+|des\s+)"
    r"(?P<what>.+?)",
    rf"{_PLEASE}{_MAKE}{_SHORT}(?:un\s+)?resumen\s+(?:de|del)\s+(?P<what>.+?)",
)
_TOPIC = (
    r"what(?:['’]s|\s+is|\s+are)\s+(?P<what>.+?)\s+(?:all\s+)?about",
    r"worum\s+geht(?:\s+es|['’]?s)\s+in\s+(?P<what>.+?)",
    r"(?:de\s+quoi\s+parle(?:nt)?|de\s+quoi\s+s['’]agit-il\s+dans)\s+(?P<what>.+?)",
    r"de\s+qu[ée]\s+(?:trata|tratan|va|habla)\s+(?P<what>.+?)",
)
_SUBJECT = (
    rf"(?:summari[sz]e\s+)?what\s+(?:do\s+|does\s+)?(?:{_DOCUMENTS})\s+"
    r"(?:say|tell(?:\s+(?:me|us))?|state|write|contain)\s+"
    r"(?:about|on|of|regarding|concerning)\s+(?P<subject>.+?)",
    r"what\s+(?:is|do\s+we\s+have)\s+(?:said\s+|written\s+)?(?:about|on|regarding)\s+"
    rf"(?P<subject>.+?)\s+in\s+(?:{_DOCUMENTS})",
    rf"was\s+(?:sagen|steht\s+in)\s+(?:{_DOCUMENTS})\s+(?:über|zu|zum|zur|von)\s+(?P<subject>.+?)",
    rf"was\s+(?:sagen|schreiben)\s+(?:{_DOCUMENTS})\s+(?:über|zu|zum|zur|von)\s+(?P<subject>.+?)",
    rf"(?:que\s+disent|qu['’]est-ce\s+que)\s+(?:{_DOCUMENTS})\s+(?:disent\s+)?"
    r"(?:sur|à\s+propos\s+d[eu']|au\s+sujet\s+d[eu'])\s*(?P<subject>.+?)",
    rf"qu[ée]\s+dicen\s+(?:{_DOCUMENTS})\s+(?:sobre|acerca\s+del?|de|del)\s+(?P<subject>.+?)",
)
_THIS = re.compile(
    rf"""(?:(?:this|the|that|my|dieses|diese|dem|das|die|diesem|dieser|ce|cet|cette|le|la|este|
    esta|el|mi)\s+)*(?:{_ONE})|this|everything\s+in\s+this\s+(?:{_ONE})""",
    re.IGNORECASE | re.VERBOSE,
)
_ALL = re.compile(_DOCUMENTS + "|everything|alles|tout|todo", re.IGNORECASE | re.VERBOSE)
_GENERIC = re.compile(
    rf"(?:{_ONE}|{_MANY}|report|paper|called|named|der|die|das|dem|den|des|le|la|les|el|los|du|de)",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTES = re.compile("[\"'“”„‟«»‘’`]")
_LONGEST = 300

FEWEST_NAMED = 0.5
"""Share of a name's words that one must say to mean the document."""


def _compiled(forms: Sequence[str]) -> list[re.Pattern[str]]:
    flags = re.IGNORECASE | re.DOTALL | re.VERBOSE
    return [re.compile(rf"{_ASKED}{form}{_POLITE_END}{_ASKED}", flags) for form in forms]


_SUMMARIES, _TOPICS, _SUBJECTS = _compiled(_SUMMARY), _compiled(_TOPIC), _compiled(_SUBJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Documents to be read whole, and the `subject` if only what they say of it is wanted.

    `name` is what the one document was called; without it the one in scope is meant, or with
    `every` all of them. An `exact` name must be the document's whole name.
    """

    name: str = ""
    every: bool = False
    exact: bool = False
    subject: str = ""


def summary_asked_for(question: str) -> Summary | None:
    """What is to be read whole, in English, German, French or Spanish; None for other questions.

    What is named may still be no document: ask `documents_meant`.
    """
    asked = question.strip()
    if len(asked) > _LONGEST:
        return None
    for form in _SUBJECTS:
        if match := form.fullmatch(asked):
            return Summary(every=True, subject=" ".join(match["subject"].split()))
    for form in _SUMMARIES:
        if match := form.fullmatch(asked):
            return _of(match["what"], exact=False)
    for form in _TOPICS:
        if match := form.fullmatch(asked):
            return _of(match["what"], exact=True)
    return None


def _of(what: str, *, exact: bool) -> Summary:
    said = " ".join(what.split())
    if _ALL.fullmatch(said):
        return Summary(every=True)
    if _THIS.fullmatch(said):
        return Summary()
    return Summary(name=said, exact=exact)


def documents_meant(wanted: Summary, documents: Collection[Document]) -> list[Document]:
    """Those of the documents that are to be read; several where one is wanted and many may do.

    None where nothing bears the name: the question is then an ordinary one.
    """
    if not wanted.name:
        return list(documents)
    said = _QUOTES.sub("", wanted.name).lower()
    by_file = [one for one in documents if one.name.lower() in (said, *said.split())]
    if by_file:
        return by_file
    told = _named_words(said)
    shares = {one.id: _share(told, one) for one in documents}
    wholly = wanted.exact or 1.0 in shares.values()
    return [one for one in documents if shares[one.id] >= (1.0 if wholly else FEWEST_NAMED)]


def _share(told: frozenset[str], document: Document) -> float:
    """How much (0..1) of the file's name or of the title is said; 0 where more is said."""
    called = (_named_words(Path(document.name).stem), _named_words(document.title))
    return max(len(told) / len(name) if told and told <= name else 0.0 for name in called)


def _named_words(text: str) -> frozenset[str]:
    spaced = text.replace("_", " ")
    told = [w for w in words(spaced) if w not in STOP_WORDS and not _GENERIC.fullmatch(w)]
    return frozenset(stems(told, ENGLISH))
