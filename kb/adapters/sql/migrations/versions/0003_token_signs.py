"""The signs of passages' token vectors, for late interaction."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add their table; passages embedded before have none, and are ranked without."""
    op.create_table(
        "passage_tokens",
        sa.Column("passage_seq", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.String(), nullable=False),
        sa.Column("signs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["passage_seq"], ["passages.seq"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["space_id"], ["embedding_spaces.id"]),
        sa.PrimaryKeyConstraint("passage_seq", "space_id"),
    )
