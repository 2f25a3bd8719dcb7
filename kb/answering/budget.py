"""Chooses what fits into the model's window."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answering.prompts import SYSTEM, shown_passage
from kb.domain.receipts import Budget
from kb.domain.retrieval import Hit, Turn

CHARACTERS_PER_TOKEN = {"latin": 3.0, "alphabet": 1.5, "sign": 1.0}
"""Low on purpose: the server's tokenizer is not known here, and a cut prompt is worse."""

ANSWER_TOKENS = 1024
HISTORY_SHARE = 0.2

_ALPHABETS = re.compile(r"[\u0250-\u2e7f]")
_SIGNS = re.compile(r"[\u2e80-\U0010ffff]")


def estimated_tokens(text: str) -> int:
    """An upper guess at the tokens of a text."""
    alphabet, sign = len(_ALPHABETS.findall(text)), len(_SIGNS.findall(text))
    counts = {"latin": len(text) - alphabet - sign, "alphabet": alphabet, "sign": sign}
    return 1 + int(sum(count / CHARACTERS_PER_TOKEN[kind] for kind, count in counts.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What is sent to a model, and how it fills the window."""

    hits: tuple[Hit, ...]
    turns: tuple[Turn, ...]
    budget: Budget


def pack(
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Turn],
    context_tokens: int,
    *,
    thinking_tokens: int = 0,
) -> Packed:
    """The best hits and the newest turns that fit beside the question, thoughts and the answer.

    A passage that does not fit is left out, and smaller ones after it may take its place.
    """
    fixed = estimated_tokens(SYSTEM) + estimated_tokens(question)
    answer = ANSWER_TOKENS + thinking_tokens
    room = context_tokens - answer - fixed
    turns = _newest(history, int(room * HISTORY_SHARE))
    free = room - sum(estimated_tokens(turn.content) for turn in turns)
    packed = []
    for hit in hits:
        size = passage_tokens(hit)
        if size <= free:
            packed.append(hit)
            free -= size
    if hits and not packed:
        # Better a model that says its window is too small than no answer at all.
        packed = [hits[0]]
        free -= passage_tokens(hits[0])
    budget = Budget(
        window=context_tokens,
        prompt=context_tokens - answer - free,
        answer=answer,
        turns_sent=len(turns),
        turns_left_out=len(history) - len(turns),
    )
    return Packed(hits=tuple(packed), turns=tuple(turns), budget=budget)


def passage_tokens(hit: Hit) -> int:
    """An upper guess at the tokens of a passage as the model sees it."""
    return estimated_tokens(shown_passage(hit.rank, hit))


def _newest(history: Sequence[Turn], tokens: int) -> list[Turn]:
    turns: list[Turn] = []
    for turn in reversed(history):
        tokens -= estimated_tokens(turn.content)
        if tokens < 0:
            break
        turns.insert(0, turn)
    return turns
