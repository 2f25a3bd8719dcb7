"""Answers keep what they were made from, and what the person said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what is new; nothing is known of earlier answers."""
    op.add_column("messages", sa.Column("helpful", sa.Boolean))
    op.add_column("messages", sa.Column("remark", sa.Text))
    op.create_table(
        "receipts",
        _of_message(),
        *(
            sa.Column(name, sa.Integer)
            for name in ("window", "prompt", "answer", "turns_sent", "turns_left_out")
        ),
        sa.Column("prompt_sha256", sa.String, nullable=False),
        sa.Column("evidence", sa.Float),
        sa.Column("settings", sa.Text, nullable=False),
    )
    op.create_table(
        "used_passages",
        _of_message(),
        sa.Column("rank", sa.Integer, primary_key=True),
        sa.Column("passage_id", sa.String, nullable=False),
        sa.Column("document_id", sa.String, nullable=False),
        sa.Column("document_name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("paged", sa.Boolean, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("sent", sa.Boolean, nullable=False),
    )
    op.create_index("ix_used_passages_document_id", "used_passages", ["document_id"])


def _of_message() -> sa.Column[str]:
    return sa.Column(
        "message_id",
        sa.String,
        sa.ForeignKey("messages.id", ondelete="CASCADE"),
        primary_key=True,
    )
