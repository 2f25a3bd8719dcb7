"""Data folders of earlier versions open with all that they held."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from kb.adapters.sql import database, fulltext
from kb.adapters.sql.database import SqlRecords, migrate
from kb.domain.access import LOCAL_OWNER
from kb.domain.conversations import ConversationId, Support
from kb.domain.documents import (
    DocumentId,
    DocumentState,
    KnowledgeBaseId,
    PageLedger,
    TextSource,
)
from kb.domain.errors import StorageError
from kb.domain.jobs import JobKind
from tests.fake_embedder import FakeEmbedder
from tests.open_apps import found, opened, work_off

THEN = "2026-05-01T00:00:00+00:00"
BASE = KnowledgeBaseId("base")
BRIDGE = "The harbour bridge was built of basalt."
GARDEN = "The garden bridge was built of larch."
QUESTION = "Which bridge was built of what?"
EMBEDDER = FakeEmbedder()


def insert(connection: Connection, table: str, **values: Any) -> None:
    """One row."""
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def a_document(connection: Connection, id: str, content: str, **values: Any) -> None:
    usual = {
        "id": id,
        "knowledge_base_id": BASE,
        "name": f"{id}.txt",
        "media_type": "",
        "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
        "size_bytes": len(content),
        "created_at": THEN,
        "title": "",
        "page_count": None,
        "passage_count": 0,
        "language": "",
        "state": "queued",
        "error": "",
        "version": 1,
    }
    insert(connection, "documents", **{**usual, **values})


def a_job(connection: Connection, id: str, state: str, attempt: int) -> None:
    insert(
        connection,
        "jobs",
        id=f"job of {id}",
        kind="ingest",
        subject_id=id,
        state=state,
        attempt=attempt,
        step="reading",
        done=0,
        total=None,
        unit="",
        lease_until=THEN if state == "running" else None,
        error="",
        created_at=THEN,
    )


def fill(connection: Connection) -> None:
    """A base with a ready, a waiting and a failed document, and a conversation about it."""
    space = EMBEDDER.space
    insert(
        connection,
        "embedding_spaces",
        **{name: getattr(space, name) for name in space.__slots__},
    )
    insert(
        connection,
        "knowledge_bases",
        id=BASE,
        name="Bridges",
        owner_id=LOCAL_OWNER,
        embedding_space_id=space.id,
        created_at=THEN,
    )
    fulltext.create(connection, BASE)
    a_document(
        connection, "ready", BRIDGE, state="ready", page_count=1, passage_count=1, title="Ready"
    )
    insert(
        connection,
        "pages",
        document_id="ready",
        number=1,
        label="i",
        width=595.0,
        height=842.0,
        text=BRIDGE,
        text_source="born_digital",
    )
    insert(
        connection,
        "passages",
        seq=1,
        id="passage",
        document_id="ready",
        ordinal=0,
        text=BRIDGE,
        heading_path='["Chapter"]',
        page_first=1,
        page_last=1,
        start=0,
        end=len(BRIDGE),
        token_count=7,
        boxes="[[1, 0, 2, 0.5, 1, 2, 3]]",
    )
    vector = EMBEDDER.embed_passages([f"Ready\n{BRIDGE}"])[0].astype("<f4").tobytes()
    insert(connection, "passage_vectors", passage_seq=1, space_id=space.id, vector=vector)
    connection.execute(
        text(f"INSERT INTO words_{BASE} (rowid, title, heading, text) VALUES (1, 'Ready', '', :t)"),
        {"t": BRIDGE},
    )
    a_document(connection, "waiting", GARDEN)
    a_document(connection, "failed", "", state="failed", error="failed.txt: The file is empty.")
    a_job(connection, "ready", "done", 1)
    a_job(connection, "waiting", "running", 1)
    a_job(connection, "failed", "failed", 1)
    insert(
        connection,
        "conversations",
        id="talk",
        knowledge_base_id=BASE,
        owner_id=LOCAL_OWNER,
        title="Bridges",
        created_at=THEN,
        updated_at=THEN,
    )
    for seq, (role, content) in enumerate([("user", QUESTION), ("assistant", "Of basalt. [1]")], 1):
        insert(
            connection,
            "messages",
            seq=seq,
            id=f"message {seq}",
            conversation_id="talk",
            request_id="1",
            role=role,
            content=content,
            state="complete",
            created_at=THEN,
            model="quotes",
            refused=False,
            error="",
            prompt_tokens=None,
        )
    insert(
        connection,
        "citations",
        seq=1,
        message_id="message 2",
        number=1,
        claim_start=0,
        claim_end=10,
        passage_id="passage",
        document_id="ready",
        document_name="ready.txt",
        page=1,
        paged=True,
        quote=BRIDGE,
        text=BRIDGE,
        support="supported",
        score=0.9,
    )


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """The data folder of the first version, in the midst of its work."""
    home = tmp_path / "home"
    for content in (BRIDGE, GARDEN, ""):
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        path = home / "files" / sha256[:2] / sha256
        path.parent.mkdir(parents=True)
        path.write_text(content)
    engine = database._engine(home / "quire.sqlite")
    migrate(engine, "0001")
    with engine.connect() as connection, connection.begin():
        fill(connection)
    engine.dispose()
    return home


def test_all_that_the_first_version_kept_is_there(old_home: Path) -> None:
    records = SqlRecords(old_home / "quire.sqlite")
    with records.reading() as view:
        documents = {document.id: document for document in view.documents.of(BASE)}
        (page,) = view.documents.pages(DocumentId("ready"))
        (passage,) = view.documents.passages_of(DocumentId("ready"))
        ids, rows = view.documents.vectors([passage.id], EMBEDDER.space.id)
        assert not view.documents.words_agree(BASE)
        question, message = view.conversations.messages(ConversationId("talk"))
        jobs = view.jobs.of_subjects({"ready", "waiting", "failed"})
    with records.writing() as change:
        assert change.documents.rebuild_words(BASE) == 1
        assert change.documents.words_agree(BASE)
    records.close()
    ready, waiting = documents[DocumentId("ready")], documents[DocumentId("waiting")]
    assert (ready.state, ready.passage_count) == (DocumentState.READY, 1)
    assert ready.finished_at == ready.created_at
    assert ready.ledger == PageLedger(digital=1)
    assert (waiting.state, waiting.finished_at) == (DocumentState.QUEUED, None)
    assert documents[DocumentId("failed")].error == "failed.txt: The file is empty."
    assert (page.text, page.text_source, page.label) == (BRIDGE, TextSource.DIGITAL, "i")
    assert (passage.text, passage.heading_path) == (BRIDGE, ("Chapter",))
    assert ids == [passage.id]
    assert rows.shape == (1, EMBEDDER.space.dimension)
    assert (question.content, message.parent_id) == (QUESTION, question.id)
    assert message.citations[0].document_name == "ready.txt"
    assert [(each.claim.text, each.support) for each in message.claims] == [
        ("Of basalt.", Support.SUPPORTED)
    ]
    assert {id: job.kind for id, job in jobs.items()} == {"waiting": JobKind.READ}


def test_the_work_of_the_first_version_goes_on(old_home: Path) -> None:
    with opened(old_home) as app:
        app.indexes.mend()
        workspace = app.workspace()
        assert found(workspace, BASE, QUESTION) == [BRIDGE]
        work_off(app)
        assert sorted(found(workspace, BASE, QUESTION)) == sorted([BRIDGE, GARDEN])
        workspace.jobs.cancel([DocumentId("ready")])
        assert workspace.documents.get(DocumentId("ready")).state is DocumentState.READY
        again = workspace.documents.add(BASE, "copy.txt", io.BytesIO(BRIDGE.encode()))
        assert again.duplicate
        assert all(difference.agrees for difference in app.indexes.check())


def test_a_migration_that_fails_changes_nothing(
    old_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = database._engine(old_home / "quire.sqlite")
    with engine.connect() as connection, connection.begin():
        # Stands in the way of the migration's last table.
        connection.execute(text("CREATE TABLE source_files (name TEXT)"))
        before = set(inspect(connection).get_table_names())
    with pytest.raises(StorageError):
        SqlRecords(old_home / "quire.sqlite")
    with engine.connect() as connection, connection.begin():
        assert set(inspect(connection).get_table_names()) == before
        names = {column["name"] for column in inspect(connection).get_columns("documents")}
        assert "parent_id" not in names
        connection.execute(text("DROP TABLE source_files"))
    engine.dispose()
    SqlRecords(old_home / "quire.sqlite").close()


def test_a_data_folder_of_a_later_version_is_refused_with_a_sentence(tmp_path: Path) -> None:
    records = SqlRecords(tmp_path / "quire.sqlite")
    with records.engine.connect() as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    records.close()
    with pytest.raises(StorageError, match="another version of Quire"):
        SqlRecords(tmp_path / "quire.sqlite")
