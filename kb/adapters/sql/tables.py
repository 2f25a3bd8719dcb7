"""The tables as they are now; migrations lead here, and a test holds the two together."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

embedding_spaces = Table(
    "embedding_spaces",
    metadata,
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("max_tokens", Integer, nullable=False),
    Column("query_prompt", Text, nullable=False),
    Column("passage_prompt", Text, nullable=False),
)

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("owner_id", String, nullable=False),
    Column("embedding_space_id", ForeignKey("embedding_spaces.id")),
    Column("created_at", String, nullable=False),
    UniqueConstraint("owner_id", "name"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "knowledge_base_id", ForeignKey("knowledge_bases.id", ondelete="CASCADE"), nullable=False
    ),
    Column("name", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("content_sha256", String, nullable=False, index=True),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("page_count", Integer),
    Column("passage_count", Integer, nullable=False),
    Column("language", String, nullable=False),
    Column("state", String, nullable=False),
    Column("error", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("parent_id", String, index=True),
    Column("source_id", String, index=True),
    Column("finished_at", String),
    Column("warnings", Text, nullable=False, server_default="[]"),
    Column("pages_digital", Integer, nullable=False, server_default="0"),
    Column("pages_ocr", Integer, nullable=False, server_default="0"),
    Column("pages_empty", Integer, nullable=False, server_default="0"),
    Column("pages_failed", Integer, nullable=False, server_default="0"),
    Column("pages_waiting", Integer, nullable=False, server_default="0"),
    Index("documents_by_name", "knowledge_base_id", "name"),
    Index("documents_by_language", "knowledge_base_id", "language", "state", "passage_count"),
)

document_names = Table(
    "document_names",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("word", String, primary_key=True, index=True),
)

attachments = Table(
    "attachments",
    metadata,
    Column("parent_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
)

pages = Table(
    "pages",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("label", String, nullable=False),
    Column("width", Float),
    Column("height", Float),
    Column("text", Text, nullable=False),
    Column("text_source", String, nullable=False),
    Column("ocr_wanted", Boolean, nullable=False, server_default="0"),
)

ocr_pages = Table(
    "ocr_pages",
    metadata,
    Column("content_sha256", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("text_source", String, nullable=False),
    Column("width", Float),
    Column("height", Float),
    Column("elements", Text, nullable=False),
)

passages = Table(
    "passages",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("heading_path", Text, nullable=False),
    Column("page_first", Integer, nullable=False),
    Column("page_last", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("boxes", Text, nullable=False),
    Column("embedded_sha256", LargeBinary, index=True),
    Index("passages_of_document", "document_id", "ordinal", unique=True),
)

passage_vectors = Table(
    "passage_vectors",
    metadata,
    Column("passage_seq", ForeignKey("passages.seq", ondelete="CASCADE"), primary_key=True),
    Column("space_id", ForeignKey("embedding_spaces.id"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

passage_tokens = Table(
    "passage_tokens",
    metadata,
    Column("passage_seq", ForeignKey("passages.seq", ondelete="CASCADE"), primary_key=True),
    Column("space_id", ForeignKey("embedding_spaces.id"), primary_key=True),
    Column("signs", LargeBinary, nullable=False),
)
"""Apart from the vectors, so that reading many of those does not read these."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject_id", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("unit", String, nullable=False),
    Column("lease_until", String),
    Column("started_at", String),
    Column("error", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Index("jobs_by_kind", "kind", "state", "created_at"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "knowledge_base_id", ForeignKey("knowledge_bases.id", ondelete="CASCADE"), nullable=False
    ),
    Column("owner_id", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("leaf_id", String),
    Index("conversations_of_owner", "owner_id", "knowledge_base_id", "updated_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("request_id", String),
    Column("role", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("model", String, nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("error", Text, nullable=False),
    Column("prompt_tokens", Integer),
    Column("parent_id", String),
    Column("document_ids", Text),
    Column("helpful", Boolean),
    Column("remark", Text),
    Column("silent", Integer, nullable=False, server_default="0"),
    UniqueConstraint("conversation_id", "request_id", "role"),
)

thoughts = Table(
    "thoughts",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
)

citations = Table(
    "citations",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("claim_start", Integer, nullable=False),
    Column("claim_end", Integer, nullable=False),
    Column("passage_id", String),
    Column("document_id", String, index=True),
    Column("document_name", String, nullable=False),
    Column("page", Integer, nullable=False),
    Column("paged", Boolean, nullable=False),
    Column("quote", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("support", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("how", String, nullable=False, server_default="paraphrased"),
)

claims = Table(
    "claims",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("claim_start", Integer, nullable=False),
    Column("claim_end", Integer, nullable=False),
    Column("support", String, nullable=False),
    Column("how", String, nullable=False),
    Column("score", Float, nullable=False),
)

voices = Table(
    "voices",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("comparison", Integer, nullable=False),
    Column("relation", String, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("document_id", String, nullable=False, index=True),
    Column("document_name", String, nullable=False),
    Column("passage_id", String, nullable=False),
    Column("says", Text, nullable=False),
    Column("edition", String, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("window", Integer),
    Column("prompt", Integer),
    Column("answer", Integer),
    Column("turns_sent", Integer),
    Column("turns_left_out", Integer),
    Column("prompt_sha256", String, nullable=False),
    Column("evidence", Float),
    Column("settings", Text, nullable=False),
)

used_passages = Table(
    "used_passages",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("passage_id", String, nullable=False),
    Column("document_id", String, nullable=False, index=True),
    Column("document_name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("paged", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("sent", Boolean, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "knowledge_base_id",
        ForeignKey("knowledge_bases.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", String, nullable=False),
    Column("address", Text, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("error", Text, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("looked_at", String),
)

source_files = Table(
    "source_files",
    metadata,
    Column("source_id", ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("size_bytes", Integer, nullable=False),
    Column("modified_ns", Integer, nullable=False),
    Column("document_id", String, index=True),
    Column("error", Text, nullable=False),
)
