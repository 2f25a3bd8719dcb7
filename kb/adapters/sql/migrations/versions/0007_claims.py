"""Every sentence of an answer keeps its verdict, and questions and answers have versions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ONE_AFTER_THE_OTHER = """
    UPDATE messages SET parent_id = (
        SELECT before.id FROM messages AS before
        WHERE before.conversation_id = messages.conversation_id AND before.seq < messages.seq
        ORDER BY before.seq DESC LIMIT 1
    )
"""
LAST_SAID = """
    UPDATE conversations SET leaf_id = (
        SELECT id FROM messages WHERE conversation_id = conversations.id ORDER BY seq DESC LIMIT 1
    )
"""
HOW_IT_WAS_BORNE_OUT = "UPDATE citations SET how = 'not found' WHERE support = 'unsupported'"
VERDICTS_OF_CITED_SENTENCES = """
    INSERT INTO claims (message_id, claim_start, claim_end, support, how, score)
    SELECT message_id, claim_start, claim_end, support, how, max(score) FROM citations
    GROUP BY message_id, claim_start ORDER BY message_id, claim_start
"""


def upgrade() -> None:
    """Add what is new, and fill it from what was said."""
    op.add_column("messages", sa.Column("parent_id", sa.String))
    op.add_column("messages", sa.Column("document_ids", sa.Text))
    op.add_column("conversations", sa.Column("leaf_id", sa.String))
    op.add_column(
        "citations", sa.Column("how", sa.String, nullable=False, server_default="paraphrased")
    )
    op.create_table(
        "claims",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column(
            "message_id",
            sa.String,
            sa.ForeignKey("messages.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("claim_start", sa.Integer, nullable=False),
        sa.Column("claim_end", sa.Integer, nullable=False),
        sa.Column("support", sa.String, nullable=False),
        sa.Column("how", sa.String, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
    )
    op.create_index("ix_claims_message_id", "claims", ["message_id"])
    for statement in (
        ONE_AFTER_THE_OTHER,
        LAST_SAID,
        HOW_IT_WAS_BORNE_OUT,
        VERDICTS_OF_CITED_SENTENCES,
    ):
        op.execute(statement)
