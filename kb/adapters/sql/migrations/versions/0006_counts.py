"""Documents are counted, by language and with their passages, without reading them."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Widen the index by what is counted."""
    op.drop_index("documents_by_language", "documents")
    op.create_index(
        "documents_by_language",
        "documents",
        ["knowledge_base_id", "language", "state", "passage_count"],
    )
