"""Stages of ingestion, the page ledger, OCR, versions, and sources of documents."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables; what is there keeps its meaning."""
    _documents()
    op.add_column("pages", _counted("ocr_wanted", sa.Boolean()))
    op.execute("UPDATE pages SET text_source = 'digital' WHERE text_source = 'born_digital'")
    op.execute("UPDATE documents SET pages_digital = page_count WHERE page_count IS NOT NULL")
    op.execute("UPDATE documents SET finished_at = created_at WHERE state = 'ready'")
    op.add_column("passages", sa.Column("embedded_sha256", sa.LargeBinary()))
    op.create_index(op.f("ix_passages_embedded_sha256"), "passages", ["embedded_sha256"])
    _jobs()
    op.create_table(
        "ocr_pages",
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("width", sa.Float()),
        sa.Column("height", sa.Float()),
        sa.Column("elements", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content_sha256", "number"),
    )
    _sources()


def _documents() -> None:
    for column in (
        sa.Column("parent_id", sa.String()),
        sa.Column("source_id", sa.String()),
        sa.Column("finished_at", sa.String()),
        sa.Column("warnings", sa.Text(), nullable=False, server_default="[]"),
        *(
            _counted(f"pages_{kind}", sa.Integer())
            for kind in ("digital", "ocr", "empty", "failed", "waiting")
        ),
    ):
        op.add_column("documents", column)
    for name in ("parent_id", "source_id"):
        op.create_index(op.f(f"ix_documents_{name}"), "documents", [name])
    op.create_table(
        "attachments",
        sa.Column("parent_id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["documents.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("parent_id", "document_id"),
    )
    op.create_index(op.f("ix_attachments_document_id"), "attachments", ["document_id"])


def _counted(name: str, type: sa.Integer | sa.Boolean) -> sa.Column[Any]:
    return sa.Column(name, type, nullable=False, server_default="0")


def _jobs() -> None:
    op.add_column("jobs", sa.Column("started_at", sa.String()))
    op.drop_index("jobs_by_state", "jobs")
    op.create_index("jobs_by_kind", "jobs", ["kind", "state", "created_at"])
    op.execute("UPDATE jobs SET kind = 'read' WHERE kind = 'ingest'")


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("knowledge_base_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("looked_at", sa.String()),
        sa.ForeignKeyConstraint(["knowledge_base_id"], ["knowledge_bases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_sources_knowledge_base_id"), "sources", ["knowledge_base_id"])
    op.create_table(
        "source_files",
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("modified_ns", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", "name"),
    )
    op.create_index(op.f("ix_source_files_document_id"), "source_files", ["document_id"])
