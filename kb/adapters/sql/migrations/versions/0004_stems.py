"""Words are indexed by their stems in the documents' languages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Empty the word indexes; the start that follows fills them from the passages."""
    bases = op.get_bind().execute(sa.text("SELECT id FROM knowledge_bases")).scalars().all()
    for base in bases:
        op.execute(f"DROP TABLE IF EXISTS words_{base}")
        op.execute(
            f"CREATE VIRTUAL TABLE words_{base} USING fts5(title, heading, text, "
            "tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co M*'\")"
        )
    op.create_index("documents_by_language", "documents", ["knowledge_base_id", "language"])
