"""Rows of what documents say of each other in answers."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from kb.domain.coherence import Coherence, Comparison, Relation, Voice
from kb.domain.conversations import Message
from kb.domain.documents import DocumentId, PassageId


def voice_values(message: Message) -> list[dict[str, Any]]:
    """A row a voice of the message's comparisons."""
    return [
        {
            "message_id": message.id,
            "comparison": place,
            "relation": comparison.relation,
            "known": comparison.known,
            **asdict(voice),
        }
        for place, comparison in enumerate(message.coherence.comparisons)
        for voice in comparison.voices
    ]


def coherence(rows: Sequence[Row[Any]], silent: int) -> Coherence:
    """What the rows of one message, in their order, and its count of silent documents tell."""
    comparisons = (list(of_one) for _, of_one in groupby(rows, key=lambda row: row.comparison))
    return Coherence(comparisons=tuple(map(_comparison, comparisons)), silent=silent)


def _comparison(rows: Sequence[Row[Any]]) -> Comparison:
    return Comparison(
        relation=Relation(rows[0].relation),
        voices=tuple(map(_voice, rows)),
        known=rows[0].known,
    )


def _voice(row: Row[Any]) -> Voice:
    return Voice(
        document_id=DocumentId(row.document_id),
        document_name=row.document_name,
        passage_id=PassageId(row.passage_id),
        says=row.says,
        edition=row.edition,
    )
