"""The record store on a real SQLite file."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kb.adapters.sql import database
from kb.adapters.sql.database import SqlRecords
from kb.adapters.sql.tables import metadata
from kb.domain.coherence import Coherence, Comparison, Relation, Voice
from kb.domain.conversations import (
    CheckedClaim,
    Citation,
    Claim,
    Conversation,
    ConversationId,
    How,
    Message,
    MessageId,
    MessageState,
    Role,
    Support,
)
from kb.domain.documents import (
    DocumentId,
    DocumentState,
    EmbeddingSpaceId,
    KnowledgeBase,
    KnowledgeBaseId,
    PassageId,
)
from kb.domain.errors import NotFoundError, StorageError
from kb.domain.jobs import Job, JobKind, JobState, Progress
from tests.adapters.record_maker import (
    NOW,
    SPACE,
    a_document,
    a_job,
    kept_base,
    new_id,
    published,
)

LATER = NOW + timedelta(minutes=30)
TEXTS = ("The bridge is of basalt.", "It is eighty metres long.")


def queued(records: SqlRecords, count: int = 1) -> list[Job]:
    jobs = [a_job(new_id()) for _ in range(count)]
    with records.writing() as store:
        for number, job in enumerate(jobs):
            store.jobs.add(job, NOW + timedelta(seconds=number))
    return jobs


def claim(records: SqlRecords, now: Any = NOW) -> Job | None:
    with records.writing() as store:
        return store.jobs.claim(JobKind.READ, now, now + timedelta(minutes=30))


def voice(document: str, says: str) -> Voice:
    return Voice(
        document_id=DocumentId(document),
        document_name=f"{document}.txt",
        passage_id=PassageId("passage"),
        says=says,
        edition="2024",
    )


class TestDatabase:
    def test_the_migrations_lead_to_exactly_the_tables(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        def ours(name: str | None, kind: str, *_: object) -> bool:
            return not (kind == "table" and (name or "").startswith(("words_", "alembic_")))

        with records.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"include_name": ours, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []

    def test_the_revision_that_needs_no_migration_is_the_last_one(self) -> None:
        folder = Path(database.__file__).parent / "migrations"
        assert ScriptDirectory(folder).get_current_head() == database.NEWEST

    def test_it_opens_again_with_all_that_was_kept(self, tmp_path: Path) -> None:
        for _ in range(2):
            again = SqlRecords(tmp_path / "quire.sqlite")
            with again.reading() as view:
                kept = view.knowledge_bases.all()
            if not kept:
                base = kept_base(again)
            again.close()
        assert [one.id for one in kept] == [base.id]

    def test_commits_are_written_through_to_the_disk(self, records: SqlRecords) -> None:
        with records.engine.connect() as connection:
            told = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        assert told == ["wal", 2, 1]

    def test_a_folder_of_any_name_will_do(self, tmp_path: Path) -> None:
        folder = tmp_path / "what? 100% & #1;é"
        one = SqlRecords(folder / "quire.sqlite")
        kept_base(one)
        one.close()
        assert (folder / "quire.sqlite").is_file()

    @pytest.mark.parametrize(
        "content", [b"not a database " * 400, b"SQLite format 3\0" + b"x" * 99]
    )
    def test_a_file_that_is_no_database_is_told_of_in_a_sentence(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "quire.sqlite").write_bytes(content)
        with pytest.raises(StorageError) as caught:
            SqlRecords(tmp_path / "quire.sqlite")
        assert "record store" in str(caught.value)
        assert (tmp_path / "quire.sqlite").read_bytes() == content

    def test_changes_are_kept_together_or_not_at_all(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        def half_done() -> None:
            with records.writing() as store:
                store.documents.add(a_document(base))
                store.knowledge_bases.rename(base.id, "Half")
                raise RuntimeError("the power went")

        with pytest.raises(RuntimeError):
            half_done()
        with records.reading() as view:
            assert view.documents.of(base.id) == []
            assert view.knowledge_bases.get(base.id).name == "Bridges"

    def test_a_view_stays_as_it_was_while_others_write(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        with records.reading() as view:
            assert view.documents.of(base.id) == []
            with ThreadPoolExecutor(1) as other:
                other.submit(published, records, base, TEXTS).result()
            assert view.documents.of(base.id) == []
            assert view.documents.passage_ids(base.id) == set()
        with records.reading() as view:
            assert len(view.documents.of(base.id)) == 1

    def test_many_threads_write_and_read_at_once(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        def work(number: int) -> None:
            for turn in range(5):
                published(records, base, TEXTS, f"{number} {turn}.txt")
                with records.reading() as view:
                    listed = view.documents.of(base.id)
                    ready = sum(d.passage_count for d in listed)
                    assert len(view.documents.passage_ids(base.id)) == ready

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))
        with records.reading() as view:
            assert len(view.documents.of(base.id)) == 40
            assert view.documents.words_agree(base.id)


class TestDocuments:
    def test_what_was_published_is_given_back_as_it_was(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document, passages, vectors = published(records, base, TEXTS)
        with records.reading() as view:
            assert view.documents.get(document.id) == document
            assert view.documents.passages_of(document.id) == passages
            assert view.documents.page(document.id, 1).text == " ".join(TEXTS)
            assert len(view.documents.pages(document.id)) == 1
            ids, rows = view.documents.vectors([p.id for p in passages], SPACE.id)
            assert dict(zip(ids, rows.tolist(), strict=True)) == dict(
                zip([p.id for p in passages], vectors.tolist(), strict=True)
            )
            assert rows.dtype == np.float32

    def test_what_does_not_exist_is_not_found(self, records: SqlRecords) -> None:
        gone = "0" * 32
        asks: list[Callable[[Any], object]] = [
            lambda view: view.documents.get(DocumentId(gone)),
            lambda view: view.documents.page(DocumentId(gone), 1),
            lambda view: view.knowledge_bases.get(KnowledgeBaseId(gone)),
            lambda view: view.conversations.get(ConversationId(gone)),
            lambda view: view.conversations.owner_of(ConversationId(gone)),
            lambda view: view.conversations.message(MessageId(gone)),
        ]
        for ask in asks:
            with records.reading() as view, pytest.raises(NotFoundError):
                ask(view)

    def test_passages_of_a_document_that_is_not_ready_are_not_found(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document, passages, _ = published(records, base, TEXTS)
        with records.writing() as store:
            store.documents.set_state(document.id, DocumentState.QUEUED)
        with records.reading() as view:
            assert view.documents.passages([p.id for p in passages]) == []
            assert view.documents.passage_ids(base.id) == set()
            assert view.documents.vectors_of_documents([document.id], SPACE.id)[0] == []

    def test_removing_one_removes_all_that_was_made_of_it(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        other, *_ = published(records, base, ["Larch."], "other.txt")
        document, passages, _ = published(records, base, TEXTS)
        with records.writing() as store:
            assert set(store.documents.remove(document.id)) == {p.id for p in passages}
        with records.reading() as view:
            assert view.documents.many([document.id, other.id]).keys() == {other.id}
            assert view.documents.vectors([p.id for p in passages], SPACE.id)[0] == []
            assert view.documents.pages(document.id) == []
            assert view.documents.words_agree(base.id)

    def test_the_newest_of_a_name_is_found_and_contents_are_known(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        old = a_document(base)
        new = replace(a_document(base), version=2)
        with records.writing() as store:
            store.documents.add(old)
            store.documents.add(new)
            store.documents.set_state(new.id, DocumentState.FAILED, "Damaged.")
        with records.reading() as view:
            found = view.documents.find(base.id, "bridge.txt")
            assert found == replace(new, state=DocumentState.FAILED, error="Damaged.")
            assert view.documents.find(base.id, "none.txt") is None
            assert view.documents.contents() == {old.content_sha256, new.content_sha256}
            assert view.documents.of_content(old.content_sha256) == [old]

    def test_lists_of_ids_may_be_longer_than_a_statement_takes(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document, passages, _ = published(records, base, TEXTS)
        unknown = [new_id() for _ in range(40_000)]
        some = [PassageId(id) for id in [*unknown, *(p.id for p in passages)]]
        documents = [DocumentId(id) for id in [*unknown, document.id]]
        (job,) = queued(records)
        with records.reading() as view:
            assert len(view.documents.passages(some)) == 2
            assert len(view.documents.vectors(some, SPACE.id)[0]) == 2
            assert len(view.documents.vectors_of_documents(documents, SPACE.id)[0]) == 2
            assert view.documents.many(documents).keys() == {document.id}
            assert view.jobs.of_subjects({*unknown, job.subject_id}).keys() == {job.subject_id}

    def test_no_ids_and_another_space_give_no_vectors(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        _, passages, _ = published(records, base, TEXTS)
        with records.reading() as view:
            for ids, space in (([], SPACE.id), ([passages[0].id], EmbeddingSpaceId("other"))):
                found, rows = view.documents.vectors(ids, space)
                assert found == []
                assert len(rows) == 0

    def test_words_that_were_lost_are_noticed_and_made_anew(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        published(records, base, TEXTS)
        with records.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE words_{base.id}")
        with records.writing() as store:
            assert not store.documents.words_agree(base.id)
            assert store.documents.rebuild_words(base.id) == 2
            assert store.documents.words_agree(base.id)

    def test_a_deleted_knowledge_base_takes_its_documents_with_it(
        self, records: SqlRecords, base: KnowledgeBase, tmp_path: Path
    ) -> None:
        document, *_ = published(records, base, TEXTS)
        with records.writing() as store:
            store.knowledge_bases.remove(base.id)
        with records.reading() as view:
            assert view.documents.many([document.id]) == {}
            assert view.documents.contents() == set()
        records.close()
        connection = sqlite3.connect(tmp_path / "quire.sqlite")
        left = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'words%'")
        assert left.fetchall() == []
        connection.close()


class TestJobs:
    def test_each_job_is_claimed_once_however_many_claim(self, records: SqlRecords) -> None:
        jobs = queued(records, 40)
        together = threading.Barrier(8)

        def claim_all(_: int) -> list[str]:
            together.wait()
            claimed: list[str] = []
            while job := claim(records):
                claimed.append(job.id)
            return claimed

        with ThreadPoolExecutor(8) as threads:
            claimed = [id for ids in threads.map(claim_all, range(8)) for id in ids]
        assert sorted(claimed) == sorted(job.id for job in jobs)

    def test_the_oldest_is_claimed_first_and_its_attempts_are_counted(
        self, records: SqlRecords
    ) -> None:
        first, second = queued(records, 2)
        claimed = claim(records)
        assert claimed is not None
        assert (claimed.id, claimed.attempt, claimed.state) == (first.id, 1, JobState.RUNNING)
        assert claimed.lease_until == LATER
        with records.writing() as store:
            assert store.jobs.release(claimed)
        again = claim(records)
        assert again is not None
        assert (again.id, again.attempt) == (first.id, 2)
        following = claim(records)
        assert following is not None
        assert following.id == second.id
        assert claim(records) is None

    def test_an_attempt_whose_lease_ran_out_may_change_nothing(self, records: SqlRecords) -> None:
        queued(records)
        lost = claim(records)
        assert lost is not None
        assert claim(records, LATER) is None
        holder = claim(records, LATER + timedelta(seconds=1))
        assert holder is not None
        assert holder.attempt == 2
        with records.writing() as store:
            assert not store.jobs.report(lost, Progress(step="reading"), LATER)
            assert not store.jobs.finish(lost)
            assert not store.jobs.fail(lost, "Damaged.")
            assert not store.jobs.release(lost)
            assert store.jobs.report(holder, Progress(step="embedding", done=1, total=2), LATER)
            assert store.jobs.finish(holder)
            assert not store.jobs.finish(holder)

    def test_the_newest_job_of_a_subject_tells_how_far_it_is(self, records: SqlRecords) -> None:
        old, new = a_job(), a_job()
        with records.writing() as store:
            store.jobs.add(new, LATER)
            store.jobs.add(old, NOW)
            claimed = store.jobs.claim(JobKind.READ, NOW, LATER)
            assert claimed is not None
            assert claimed.id == old.id
            store.jobs.fail(claimed, "Damaged.")
            assert store.jobs.of_subjects({"document", "none"}) == {"document": new}

    def test_all_leases_are_freed_given_back_or_forgotten(self, records: SqlRecords) -> None:
        (job,) = queued(records)
        claim(records)
        with records.writing() as store:
            store.jobs.release_all()
        again = claim(records)
        assert again is not None
        assert again.attempt == 2
        with records.writing() as store:
            assert store.jobs.give_back(again)
        anew = claim(records)
        assert anew is not None
        assert anew.attempt == 2
        with records.writing() as store:
            store.jobs.remove_of(job.subject_id)
            assert not store.jobs.finish(anew)


class TestConversations:
    @pytest.fixture
    def conversation(self, records: SqlRecords, base: KnowledgeBase) -> Conversation:
        one = Conversation(
            id=ConversationId(new_id()),
            knowledge_base_id=base.id,
            title="Bridges",
            created_at=NOW,
            updated_at=NOW,
        )
        with records.writing() as store:
            store.conversations.add(one, "alice")
        return one

    @staticmethod
    def answer(conversation: Conversation, document_id: str = "document") -> Message:
        text = "It is of basalt [1]."
        return Message(
            id=MessageId(new_id()),
            conversation_id=conversation.id,
            role=Role.ASSISTANT,
            content=text,
            state=MessageState.STREAMING,
            created_at=NOW,
            model="tiny",
            citations=(
                Citation(
                    number=1,
                    claim=Claim(text=text, start=0, end=len(text)),
                    passage_id=PassageId("passage"),
                    document_id=DocumentId(document_id),
                    document_name="bridge.txt",
                    page=1,
                    paged=False,
                    quote="basalt",
                    text="The bridge is of basalt.",
                    support=Support.PARTIAL,
                    how=How.PARAPHRASED,
                    score=0.5,
                ),
            ),
            claims=(
                CheckedClaim(
                    claim=Claim(text=text, start=0, end=len(text)),
                    support=Support.PARTIAL,
                    how=How.PARAPHRASED,
                    score=0.5,
                ),
            ),
            coherence=Coherence(
                comparisons=(
                    Comparison(
                        relation=Relation.DIFFER,
                        voices=(voice("document", "basalt"), voice("compared", "larch")),
                        known=True,
                    ),
                    Comparison(
                        relation=Relation.AGREE,
                        voices=(voice("document", text), voice("agreeing", text)),
                    ),
                ),
                silent=2,
            ),
        )

    def test_messages_are_given_back_as_they_were(
        self, records: SqlRecords, conversation: Conversation
    ) -> None:
        answer = self.answer(conversation)
        with records.writing() as store:
            store.conversations.add_message(answer, "request")
        with records.reading() as view:
            assert view.conversations.get(conversation.id) == conversation
            assert view.conversations.owner_of(conversation.id) == "alice"
            assert view.conversations.messages(conversation.id) == [answer]
            assert view.conversations.message(answer.id) == answer
            assert view.conversations.answer_to(conversation.id, "request") == answer
            assert view.conversations.answer_to(conversation.id, "other") is None
            assert view.conversations.citing(DocumentId("document")) == [answer]
            assert view.conversations.citing(DocumentId("compared")) == [answer]
            assert view.conversations.citing(DocumentId("other")) == []

    def test_saving_replaces_text_and_citations(
        self, records: SqlRecords, conversation: Conversation
    ) -> None:
        answer = self.answer(conversation)
        done = replace(
            answer, content="Done.", state=MessageState.COMPLETE, citations=(), claims=()
        )
        with records.writing() as store:
            store.conversations.add_message(answer, "request")
            store.conversations.save_message(done)
            assert store.conversations.messages(conversation.id) == [done]

    def test_saving_a_message_that_was_removed_does_nothing(
        self, records: SqlRecords, conversation: Conversation
    ) -> None:
        answer = self.answer(conversation)
        with records.writing() as store:
            store.conversations.add_message(answer, "request")
            store.conversations.remove(conversation.id)
            store.conversations.save_message(answer)
        with records.reading() as view:
            assert view.conversations.citing(DocumentId("document")) == []

    def test_what_was_streaming_when_the_process_ended_is_stopped(
        self, records: SqlRecords, conversation: Conversation
    ) -> None:
        answer = self.answer(conversation)
        with records.writing() as store:
            store.conversations.add_message(answer, "request")
            store.conversations.stop_streaming()
            assert store.conversations.message(answer.id).state is MessageState.STOPPED

    def test_conversations_are_listed_by_owner_the_newest_first(
        self, records: SqlRecords, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        newer = replace(conversation, id=ConversationId(new_id()))
        with records.writing() as store:
            store.conversations.add(newer, "alice")
            store.conversations.touch(newer.id, LATER)
            store.conversations.rename(newer.id, "Newer")
            listed = store.conversations.list_of("alice", base.id)
            assert [c.title for c in listed] == ["Newer", "Bridges"]
            assert store.conversations.list_of("bob", base.id) == []
