"""Answers keep which documents agree, differ or are silent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what is new; nothing is known of earlier answers."""
    op.add_column("messages", sa.Column("silent", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "voices",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column(
            "message_id",
            sa.String,
            sa.ForeignKey("messages.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("comparison", sa.Integer, nullable=False),
        sa.Column("relation", sa.String, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("document_id", sa.String, nullable=False),
        sa.Column("document_name", sa.String, nullable=False),
        sa.Column("passage_id", sa.String, nullable=False),
        sa.Column("says", sa.Text, nullable=False),
        sa.Column("edition", sa.String, nullable=False),
    )
    op.create_index("ix_voices_message_id", "voices", ["message_id"])
    op.create_index("ix_voices_document_id", "voices", ["document_id"])
