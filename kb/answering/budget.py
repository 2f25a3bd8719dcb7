"""Chooses what fits into the model's window."""

from collections.abc import Sequence

from kb.answering.prompts import SYSTEM, shown_passage
from kb.domain.retrieval import Hit, Turn

CHARACTERS_PER_TOKEN = 3.0
"""Low on purpose: the server's tokenizer is not known here, and a cut prompt is worse."""

ANSWER_TOKENS = 1024
HISTORY_SHARE = 0.2


def estimated_tokens(text: str) -> int:
    """An upper guess at the tokens of a text."""
    return int(len(text) / CHARACTERS_PER_TOKEN) + 1


def pack(
    question: str, hits: Sequence[Hit], history: Sequence[Turn], context_tokens: int
) -> tuple[list[Hit], list[Turn]]:
    """The best hits and the newest turns that fit beside the question and the answer."""
    free = context_tokens - ANSWER_TOKENS - estimated_tokens(SYSTEM) - estimated_tokens(question)
    turns = _newest(history, int(free * HISTORY_SHARE))
    free -= sum(estimated_tokens(turn.content) for turn in turns)
    packed = []
    for hit in hits:
        free -= estimated_tokens(shown_passage(hit.rank, hit))
        if free < 0:
            break
        packed.append(hit)
    return packed or list(hits[:1]), turns


def _newest(history: Sequence[Turn], tokens: int) -> list[Turn]:
    turns: list[Turn] = []
    for turn in reversed(history):
        tokens -= estimated_tokens(turn.content)
        if tokens < 0:
            break
        turns.insert(0, turn)
    return turns
