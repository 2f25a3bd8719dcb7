"""The words that name documents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add their table; documents that were read before have none."""
    op.create_table(
        "document_names",
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "word"),
    )
    op.create_index("ix_document_names_word", "document_names", ["word"])
