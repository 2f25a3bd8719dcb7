"""A second opinion on sentences by a model of entailment, where a person has one.

The rules of `kb.answering.support` decide first. The model lifts a sentence that is partly borne
out, and lowers one that is not entailed, but it changes nothing where a number, date, unit or name
is missing, nor of quotes and of what stands nowhere.

Not covered: no such model comes with Quire, so the thresholds are not tuned;
`python -m bench.grounding SET --support-model MODEL` measures them with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kb.answering.support import CONTRADICTED, SUPPORTED, Check, Grounds
from kb.domain.conversations import How, Support
from kb.domain.errors import ModelError
from kb.ports import EntailmentModel

ENTAILED, NOT_ENTAILED = 0.8, 0.2
"""Probabilities from which a sentence is borne out, and below which it is at most partly."""

CONTRADICTS = 0.9
"""The probability from which a passage says the contrary."""

READ = 2
"""So many passages the model reads for a sentence: the best by our own rules."""

MOST_LETTERS = 2000
"""Of a sentence, as the model reads it."""

WITHOUT_IT = "Until then, sentences are checked without it."

Opinion = tuple[float, float]
"""The probabilities of entailment and of contradiction."""


@dataclass(slots=True)
class SecondOpinion:
    """Asks the model; where it fails, checks stay as they are, and that is told once."""

    model: EntailmentModel
    _told: set[str] = field(default_factory=set)
    _trouble: str = ""

    def untold_trouble(self) -> str:
        """Why the model was not heard, in one sentence; nothing where it was, or this was told."""
        trouble, self._trouble = self._trouble, ""
        if trouble in self._told:
            return ""
        self._told.add(trouble)
        return f"{trouble} {WITHOUT_IT}" if trouble else ""

    def on(
        self, grounds: Grounds, sentences: Sequence[tuple[str, Sequence[Check]]]
    ) -> list[list[Check]]:
        """The checks of each sentence, each by another passage, as the model changes them.

        All sentences are put to it at once.
        """
        read = [_to_read(checks) for _, checks in sentences]
        pairs = [
            (grounds.told(check.passage), sentence[:MOST_LETTERS])
            for (sentence, _), some in zip(sentences, read, strict=True)
            for check in some
        ]
        opinions = iter(self._asked(pairs))
        heard = [{check.passage: next(opinions, None) for check in some} for some in read]
        return [
            _changed(checks, {place: told for place, told in each.items() if told})
            for (_, checks), each in zip(sentences, heard, strict=True)
        ]

    def _asked(self, pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
        if not pairs:
            return []
        try:
            rows = self.model.probabilities(pairs)
        except ModelError as error:
            self._trouble = str(error)
            return []
        return [(float(entailed), float(contradicted)) for entailed, contradicted in rows]


def _to_read(checks: Sequence[Check]) -> list[Check]:
    """The best by passages that a model may judge; none where one has the sentence itself."""
    if any(check.how is How.QUOTED for check in checks):
        return []
    return sorted(filter(_is_open, checks), key=lambda check: -check.score)[:READ]


def _is_open(check: Check) -> bool:
    return check.facts_agree and check.support is not Support.UNSUPPORTED


def _changed(checks: Sequence[Check], heard: dict[int, Opinion]) -> list[Check]:
    changed = [_by(check, heard.get(check.passage)) for check in checks]
    read = [check for check in changed if check.passage in heard]
    if not read or any(check.support is Support.SUPPORTED for check in read):
        return changed
    # What the model did not read is no better than the best that it did.
    return [_lowered(check) if check.support is Support.SUPPORTED else check for check in changed]


def _by(check: Check, opinion: Opinion | None) -> Check:
    if opinion is None:
        return check
    entailed, contradicted = opinion
    if contradicted >= CONTRADICTS:
        score = check.score * (1 - contradicted)
        return replace(check, support=Support.UNSUPPORTED, how=How.NOT_FOUND, score=score)
    if check.support is Support.PARTIAL and entailed >= ENTAILED:
        score = max(entailed, SUPPORTED)
        return replace(check, support=Support.SUPPORTED, how=How.PARAPHRASED, score=score)
    if check.support is Support.SUPPORTED and entailed < NOT_ENTAILED:
        return _lowered(check)
    return check


def _lowered(check: Check) -> Check:
    return replace(check, support=Support.PARTIAL, score=check.score * CONTRADICTED)
