"""Makes sentences that a passage bears out, and others that it does not, from its own sentences."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb.domain.sentences import sentence_spans

SHORTEST, LONGEST = 8, 40
"""Words of a sentence that is taken."""

SYNONYMS = {
    "about": "roughly", "additional": "extra", "allow": "permit", "allows": "permits",
    "almost": "nearly", "also": "likewise", "although": "though", "annual": "yearly",
    "assist": "help", "began": "started", "begin": "start", "begins": "starts", "big": "large",
    "built": "constructed", "buy": "purchase", "children": "kids", "city": "town",
    "complete": "finish", "completed": "finished", "consists": "is made up", "cost": "price",
    "created": "made", "difficult": "hard", "doctor": "physician", "during": "in the course of",
    "employees": "workers", "ended": "finished", "entire": "whole", "famous": "well-known",
    "film": "movie", "found": "discovered", "founded": "established", "goal": "aim",
    "helped": "aided", "however": "yet", "huge": "enormous", "important": "significant",
    "included": "comprised", "includes": "comprises", "increase": "rise", "killed": "slain",
    "known": "recognised", "largest": "biggest", "later": "afterwards", "located": "situated",
    "main": "principal", "many": "numerous", "must": "has to", "near": "close to",
    "obtain": "get", "often": "frequently", "only": "just", "people": "persons", "provide": "give",
    "provides": "gives", "quickly": "rapidly", "rapid": "fast", "received": "got",
    "required": "needed", "requires": "needs", "said": "stated", "several": "various",
    "shows": "demonstrates", "similar": "comparable", "small": "little", "sometimes": "at times",
    "such as": "like", "usually": "normally", "used": "employed", "wealthy": "rich",
    "whole": "entire", "wrote": "authored",
}  # fmt: skip

UNITS = {
    "percent": "million", "million": "billion", "billion": "million", "%": " million",
    "miles": "kilometres", "kilometres": "miles", "km": "miles", "metres": "feet",
    "feet": "metres", "days": "weeks", "weeks": "days", "hours": "minutes", "minutes": "hours",
    "years": "months", "months": "years", "centuries": "decades", "dollars": "euros",
}  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

_NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.,])\d+(?:\.\d+)?(?!\w)"
)
_YEAR = re.compile(r"\b(?:1[0-9]|20)\d\d\b")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*)")
_MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b")
_LAST_PHRASE = re.compile(
    r"^(?P<rest>.{25,}?) (?P<moved>(?:in|on|during|after|before|since|until) (?:\w+ ){0,3}\w+)\.$"
)
_PASSIVE = re.compile(
    r"^(?P<what>(?:(?! by )[^,;]){3,80}?) (?:was|were) (?P<verb>\w+ed) by "
    r"(?P<who>(?:the |[A-Z])[^,;]{2,60}?)(?P<rest> (?:in|on|at|during|after) [^,;]+)?\.$"
)
_ASIDE = re.compile(r" \([^()]{3,80}\)|, which [^,;]{5,80},")
_AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|should|must|may)\b(?! not)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A sentence, how it was made, whether its passage bears it out, and that passage."""

    text: str
    kind: str
    true: bool
    passage: str


Change = Callable[[str, random.Random, Sequence[str]], str | None]


def made(passages: Sequence[str], seed: int) -> Iterator[Made]:
    """Of a sentence of each passage every kind that can be made of it."""
    rng = random.Random(seed)
    others = [sentence for passage in passages for sentence in sentences(passage)]
    for passage in passages:
        own = sentences(passage)
        if not own:
            continue
        sentence = rng.choice(own)
        for kind, change in TRUE.items():
            text = change(sentence, rng, own)
            if text:
                yield Made(text=text, kind=kind, true=True, passage=passage)
        reworded = _synonyms(sentence, rng, own)
        for kind, change in FALSE.items():
            for of, start in (("", sentence), (", reworded", reworded)):
                text = start and change(start, rng, others)
                if text and text not in passage:
                    yield Made(text=text, kind=kind + of, true=False, passage=passage)


def sentences(passage: str) -> list[str]:
    """Those that can be changed: whole ones of middling length on one line."""
    told = (" ".join(passage[begin:end].split()) for begin, end in sentence_spans(passage))
    return [
        one
        for one in told
        if SHORTEST <= len(one.split()) <= LONGEST
        and one.endswith(".")
        and one[0].isupper()
        and " | " not in one
    ]


def _quote(sentence: str, rng: random.Random, own: Sequence[str]) -> str:
    del rng, own
    return sentence


def _synonyms(sentence: str, rng: random.Random, own: Sequence[str]) -> str | None:
    """At most three words replaced."""
    del own
    held = [word for word in SYNONYMS if re.search(rf"\b{word}\b", sentence)]
    changed = sentence
    for word in rng.sample(held, min(3, len(held))):
        changed = re.sub(rf"\b{word}\b", SYNONYMS[word], changed, count=1)
    return changed if held else None


def _moved(sentence: str, rng: random.Random, own: Sequence[str]) -> str | None:
    """The last phrase first."""
    del rng, own
    match = _LAST_PHRASE.match(sentence)
    if not match:
        return None
    moved = match["moved"]
    return f"{moved[0].upper()}{moved[1:]}, {_lowered(match['rest'])}."


def _active(sentence: str, rng: random.Random, own: Sequence[str]) -> str | None:
    del rng, own
    match = _PASSIVE.match(sentence)
    if not match:
        return None
    who = match["who"]
    return (
        f"{who[0].upper()}{who[1:]} {match['verb']} {_lowered(match['what'])}{match['rest'] or ''}."
    )


def _merged(sentence: str, rng: random.Random, own: Sequence[str]) -> str | None:
    """With another sentence of the passage."""
    others = [
        one for one in own if one != sentence and len(one.split()) + len(sentence.split()) < 50
    ]
    return f"{sentence[:-1]}, and {_lowered(rng.choice(others))}" if others else None


def _shortened(sentence: str, rng: random.Random, own: Sequence[str]) -> str | None:
    """Without an aside."""
    del rng, own
    short = _ASIDE.sub("", sentence, count=1)
    return short if short != sentence else None


def _number(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    del others
    found = [one for one in _NUMBER.finditer(sentence) if not _YEAR.fullmatch(one.group())]
    if not found:
        return None
    one = rng.choice(found)
    value = str(one.group())
    at = rng.randrange(len(value.rstrip("0")) or 1)
    while not value[at].isdigit():
        at = (at + 1) % len(value)
    digit = rng.choice([d for d in "123456789" if d != value[at]])
    return sentence[: one.start()] + value[:at] + digit + value[at + 1 :] + sentence[one.end() :]


def _date(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    del others
    found = [*_YEAR.finditer(sentence), *_MONTH.finditer(sentence)]
    if not found:
        return None
    one = rng.choice(found)
    if one.group().isdigit():
        told = str(int(one.group()) + rng.choice([-30, -12, -3, -1, 1, 2, 7, 20]))
    else:
        told = rng.choice([month for month in MONTHS if month != one.group()])
    return sentence[: one.start()] + told + sentence[one.end() :]


def _name(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    found = [one for one in _NAME.finditer(sentence) if one.group() not in MONTHS]
    some = rng.sample(others, min(30, len(others)))
    names = [str(name) for other in some for name in _NAME.findall(other)]
    names = [name for name in names if name not in sentence and name not in MONTHS]
    if not found or not names:
        return None
    one = rng.choice(found)
    return sentence[: one.start()] + rng.choice(names) + sentence[one.end() :]


def _unit(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    del others
    found = [
        one
        for unit in UNITS
        for one in re.finditer(rf"(?<=\d)(?P<gap> ?){re.escape(unit)}(?!\w)", sentence)
    ]
    if not found:
        return None
    one = rng.choice(found)
    unit = one.group().strip()
    return sentence[: one.start()] + one["gap"] + UNITS[unit] + sentence[one.end() :]


def _negated(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    del others
    if " not " in sentence:
        return sentence.replace(" not ", " ", 1)
    found = list(_AUXILIARY.finditer(sentence))
    if not found:
        return None
    one = rng.choice(found)
    return f"{sentence[: one.end()]} not{sentence[one.end() :]}"


def _swapped(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    """Two numbers or two names in each other's place."""
    del others
    for pattern in (_NUMBER, _NAME):
        found = list(pattern.finditer(sentence))
        if len(found) < 2 or len({one.group() for one in found}) < 2:
            continue
        one, other = sorted(rng.sample(found, 2), key=lambda match: match.start())
        if one.group() != other.group():
            between = sentence[one.end() : other.start()]
            swapped = other.group() + between + one.group()
            return sentence[: one.start()] + swapped + sentence[other.end() :]
    return None


def _foreign(sentence: str, rng: random.Random, others: Sequence[str]) -> str | None:
    del sentence
    return rng.choice(others)


def _lowered(text: str) -> str:
    """Without the capital of a first word that is no name, as far as that can be told."""
    first = text.split(" ", 1)[0]
    small = first.lower() in {
        "the", "a", "an", "this", "these", "those", "it", "its", "he", "she", "they", "his", "her",
        "their", "in", "on", "at", "by", "for", "from", "some", "many", "most", "all", "each",
        "there", "when", "while", "after", "before", "as", "one", "two", "other", "both",
    }  # fmt: skip
    return text[0].lower() + text[1:] if small else text


TRUE: dict[str, Change] = {
    "quote": _quote,
    "synonyms": _synonyms,
    "moved": _moved,
    "active": _active,
    "merged": _merged,
    "shortened": _shortened,
}
FALSE: dict[str, Change] = {
    "number": _number,
    "date": _date,
    "name": _name,
    "unit": _unit,
    "negation": _negated,
    "swapped": _swapped,
    "foreign": _foreign,
}
