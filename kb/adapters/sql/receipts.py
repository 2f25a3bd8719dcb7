"""Records of what answers were made from."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from kb.adapters.sql.tables import receipts, used_passages
from kb.adapters.sql.tables import thoughts as kept_thoughts
from kb.domain.conversations import MessageId
from kb.domain.documents import DocumentId
from kb.domain.receipts import Budget, Receipt, UsedPassage


class SqlReceipts:
    """Receipts over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, id: MessageId, receipt: Receipt, thoughts: str = "") -> None:
        """Keep the receipt of an answer, and what its model thought."""
        self._connection.execute(
            insert(receipts).values(
                message_id=id,
                **(asdict(receipt.budget) if receipt.budget else {}),
                prompt_sha256=receipt.prompt_sha256,
                evidence=receipt.evidence,
                settings=json.dumps(receipt.settings),
            )
        )
        if receipt.passages:
            rows = [{"message_id": id, **asdict(passage)} for passage in receipt.passages]
            self._connection.execute(insert(used_passages), rows)
        if thoughts:
            self._connection.execute(insert(kept_thoughts).values(message_id=id, text=thoughts))

    def find(self, id: MessageId) -> Receipt | None:
        """That of an answer, if it has one."""
        row = self._connection.execute(
            select(receipts).where(receipts.c.message_id == id)
        ).one_or_none()
        if row is None:
            return None
        used = self._connection.execute(
            select(used_passages)
            .where(used_passages.c.message_id == id)
            .order_by(used_passages.c.rank)
        )
        return _receipt(row, [_passage(each) for each in used])

    def thoughts(self, id: MessageId) -> str:
        """What the model of an answer thought; nothing where that is not kept."""
        row = self._connection.execute(
            select(kept_thoughts.c.text).where(kept_thoughts.c.message_id == id)
        ).one_or_none()
        return row.text if row else ""

    def forget(self, id: DocumentId) -> None:
        """Take a document out of all receipts, and what was thought over it."""
        over_it = select(used_passages.c.message_id).where(used_passages.c.document_id == id)
        self._connection.execute(
            delete(kept_thoughts).where(kept_thoughts.c.message_id.in_(over_it))
        )
        self._connection.execute(delete(used_passages).where(used_passages.c.document_id == id))


def _receipt(row: Row[Any], passages: list[UsedPassage]) -> Receipt:
    budget = None
    if row.window is not None:
        budget = Budget(
            window=row.window,
            prompt=row.prompt,
            answer=row.answer,
            turns_sent=row.turns_sent,
            turns_left_out=row.turns_left_out,
        )
    return Receipt(
        passages=tuple(passages),
        budget=budget,
        prompt_sha256=row.prompt_sha256,
        evidence=row.evidence,
        settings=json.loads(row.settings),
    )


def _passage(row: Row[Any]) -> UsedPassage:
    told = dict(row._mapping)
    del told["message_id"]
    return UsedPassage(**told)
