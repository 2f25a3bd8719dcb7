"""Records of what reading, embedding and OCR make of documents, stage by stage."""

from dataclasses import replace
from datetime import timedelta

from kb.adapters.sql.database import SqlRecords
from kb.domain.documents import (
    Document,
    DocumentState,
    Element,
    ElementKind,
    EmbeddingSpaceId,
    KnowledgeBase,
    OcrPage,
    Page,
    PageLedger,
    TextBox,
    TextSource,
)
from kb.domain.jobs import JobKind, JobState, Progress
from kb.domain.sources import Source, SourceFile, SourceId, SourceKind
from tests.adapters.record_maker import (
    NOW,
    SPACE,
    a_document,
    a_job,
    embedded,
    kept_base,
    new_id,
    passages_of,
    published,
    some_signs,
    some_vectors,
)

TEXTS = ("The bridge is of basalt.", "It is eighty metres long.")
LATER = NOW + timedelta(minutes=30)


def added(records: SqlRecords, base: KnowledgeBase, name: str = "bridge.txt") -> Document:
    document = a_document(base, name)
    with records.writing() as store:
        store.documents.add(document)
    return document


class TestReading:
    def test_what_was_read_replaces_what_was_read_before_and_nothing_else(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document = added(records, base)
        read = replace(
            document,
            state=DocumentState.SEARCHABLE,
            passage_count=2,
            warnings=("A picture was left out.",),
            ledger=PageLedger(digital=1, waiting=1),
        )
        old = passages_of(document, TEXTS)
        with records.writing() as store:
            store.documents.store(read, [Page(number=1, text="x")], old, embedded(TEXTS), SPACE.id)
            store.documents.rename(document.id, "renamed.txt")
            store.documents.set_state(document.id, DocumentState.READY, finished_at=LATER)
        new = [replace(old[0], text="Anew."), *passages_of(document, TEXTS)[1:]]
        with records.writing() as store:
            gone = store.documents.store(read, [], new, embedded(TEXTS), SPACE.id)
        with records.reading() as view:
            kept = view.documents.get(document.id)
            assert view.documents.passages_of(document.id) == new
            assert view.documents.pages(document.id) == []
            assert view.documents.words_agree(base.id)
        assert gone == [old[1].id]
        assert kept == replace(read, name="renamed.txt", finished_at=LATER)

    def test_clearing_leaves_the_document_without_anything_read(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        ready, passages, _ = published(records, base, TEXTS)
        with records.writing() as store:
            gone = store.documents.clear(ready.id)
        with records.reading() as view:
            kept = view.documents.get(ready.id)
            assert view.documents.unembedded(ready.id, SPACE.id) == []
            assert view.documents.words_agree(base.id)
        assert sorted(gone) == sorted(passage.id for passage in passages)
        assert (kept.passage_count, kept.page_count, kept.ledger) == (0, None, PageLedger())

    def test_words_come_and_go_with_the_state(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        ready, _, _ = published(records, base, TEXTS)
        for state in (DocumentState.SUPERSEDED, DocumentState.SEARCHABLE, DocumentState.QUEUED):
            with records.writing() as store:
                store.documents.set_state(ready.id, state)
            with records.reading() as view:
                assert view.documents.words_agree(base.id)

    def test_a_queued_document_is_finished_no_more(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document = added(records, base)
        with records.writing() as store:
            store.documents.set_state(document.id, DocumentState.CANCELLED, finished_at=LATER)
            assert store.documents.get(document.id).finished_at == LATER
            store.documents.set_state(document.id, DocumentState.QUEUED)
            assert store.documents.get(document.id).finished_at is None

    def test_a_warning_is_added_once(self, records: SqlRecords, base: KnowledgeBase) -> None:
        document = added(records, base)
        with records.writing() as store:
            for warning in ("One.", "Two.", "One."):
                store.documents.warn(document.id, warning)
            assert store.documents.get(document.id).warnings == ("One.", "Two.")


class TestVectors:
    def test_passages_lack_a_vector_until_they_have_one_of_the_space(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        ready, passages, _ = published(records, base, TEXTS)
        with records.reading() as view:
            assert view.documents.unembedded(ready.id, SPACE.id) == []
            other = view.documents.unembedded(ready.id, EmbeddingSpaceId("other"))
        assert other == passages

    def test_a_vector_is_not_kept_for_a_passage_that_says_something_else_by_now(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document = added(records, base)
        passages = passages_of(document, TEXTS)
        changed = replace(passages[1], text="It is ninety metres long.")
        with records.writing() as store:
            shas = embedded(TEXTS)
            store.documents.store(document, [], [passages[0], changed], shas, SPACE.id)
            store.documents.add_vectors(passages, some_vectors(2), some_signs(2), SPACE.id)
            assert store.documents.unembedded(document.id, SPACE.id) == [changed]

    def test_a_passage_embedded_before_for_another_document_has_its_vector_at_once(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        one, other = added(records, base), added(records, base, "other.txt")
        shas, vectors = embedded(TEXTS), some_vectors(2)
        first, second = passages_of(one, TEXTS), passages_of(other, TEXTS)
        with records.writing() as store:
            store.documents.store(one, [], first, shas, SPACE.id)
            store.documents.add_vectors(first, vectors, some_signs(2), SPACE.id)
            store.documents.store(other, [], second, [shas[1], shas[0]], SPACE.id)
            ids, rows = store.documents.vectors([passage.id for passage in second], SPACE.id)
            signs = store.documents.token_signs([passage.id for passage in second], SPACE.id)
        assert [signs[passage.id] for passage in second] == some_signs(2)[::-1]
        by_id = dict(zip(ids, rows, strict=True))
        assert (by_id[second[0].id] == vectors[1]).all()
        assert (by_id[second[1].id] == vectors[0]).all()


class TestTwins:
    def test_only_a_ready_one_of_the_same_name_and_content_is_a_twin(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        ready, passages, _ = published(records, base, TEXTS)
        other = kept_base(records, "Other")
        same = replace(a_document(other), content_sha256=ready.content_sha256)
        with records.reading() as view:
            twin = view.documents.twin(same)
            assert twin
            assert (twin.document, twin.space_id) == (ready, SPACE.id)
            assert (twin.passages, len(twin.embedded)) == (tuple(passages), 2)
            assert view.documents.twin(ready) is None
            assert view.documents.twin(replace(same, name="other.txt")) is None
            assert view.documents.twin(replace(same, content_sha256="0")) is None
        with records.writing() as store:
            store.documents.set_state(ready.id, DocumentState.SEARCHABLE)
            assert store.documents.twin(same) is None

    def test_what_holds_other_files_is_no_twin(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        ready, _, _ = published(records, base, TEXTS)
        inside = added(records, base, "inside.txt")
        same = replace(a_document(base), content_sha256=ready.content_sha256)
        with records.writing() as store:
            store.documents.put_inside(ready.id, inside.id)
            assert store.documents.twin(same) is None


class TestOrigins:
    def test_a_document_may_have_come_in_several_others(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        one, two, inside = (added(records, base, name) for name in ("one", "two", "inside"))
        with records.writing() as store:
            for parent in (one, two, one):
                store.documents.put_inside(parent.id, inside.id)
            assert sorted(store.documents.parents(inside.id)) == sorted([one.id, two.id])
            assert store.documents.children(one.id) == [inside.id]
            store.documents.remove(one.id)
            assert store.documents.parents(inside.id) == [two.id]
            store.documents.remove(inside.id)
            assert store.documents.children(two.id) == []

    def test_an_origin_can_be_changed(self, records: SqlRecords, base: KnowledgeBase) -> None:
        one, two = added(records, base, "one"), added(records, base, "two")
        with records.writing() as store:
            store.documents.set_origin(one.id, parent_id=two.id, source_id="source")
            kept = store.documents.get(one.id)
        assert (kept.parent_id, kept.source_id) == (two.id, "source")


class TestOcr:
    def test_what_ocr_read_is_given_back_as_it_was(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        box = TextBox(page=3, start=0, end=4, left=1, top=2.5, right=3, bottom=4)
        read = OcrPage(
            page=Page(number=3, text="Text", width=595.5, height=842, text_source=TextSource.OCR),
            elements=(
                Element(kind=ElementKind.TITLE, page=3, start=0, end=4, level=1, boxes=(box,)),
            ),
        )
        failed = OcrPage(page=Page(number=4, text="", text_source=TextSource.FAILED), elements=())
        with records.writing() as store:
            for page in (failed, failed, read):
                store.documents.save_ocr("sha", page)
        with records.reading() as view:
            assert view.documents.ocr_of("sha") == {3: read, 4: failed}
            assert view.documents.ocr_of("other") == {}
        with records.writing() as store:
            store.documents.forget_ocr("sha")
            assert store.documents.ocr_of("sha") == {}

    def test_it_goes_with_the_last_document_of_its_content(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        one = added(records, base)
        other = replace(a_document(kept_base(records, "Other")), content_sha256=one.content_sha256)
        read = OcrPage(page=Page(number=1, text="Text"), elements=())
        with records.writing() as store:
            store.documents.add(other)
            store.documents.save_ocr(one.content_sha256, read)
            store.documents.remove(one.id)
            assert store.documents.ocr_of(one.content_sha256)
            store.knowledge_bases.remove(other.knowledge_base_id)
            assert not store.documents.ocr_of(one.content_sha256)

    def test_what_ocr_has_left_can_be_wanted_again(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        document = replace(a_document(base), ledger=PageLedger(empty=2, waiting=2))
        pages = [Page(number=n, text="", ocr_wanted=n > 1) for n in (1, 2, 3)]
        with records.writing() as store:
            store.documents.add(document)
            store.documents.store(document, pages, [], [], SPACE.id)
            assert store.documents.pages_wanting_ocr(document.id) == [2, 3]
            store.documents.want_no_ocr(document.id)
            assert store.documents.get(document.id).ledger == PageLedger(empty=2)
            assert store.documents.want_ocr(document.id) == 2
            assert store.documents.get(document.id).ledger == PageLedger(empty=2, waiting=2)


class TestJobs:
    def test_kinds_are_claimed_apart_and_paused_work_by_nobody(self, records: SqlRecords) -> None:
        subject = new_id()
        read = a_job(subject)
        embed = replace(a_job(subject), kind=JobKind.EMBED)
        with records.writing() as store:
            for job in (read, embed):
                store.jobs.add(job, NOW)
            claimed = store.jobs.claim(JobKind.EMBED, NOW, LATER)
            assert claimed
            assert claimed.id == embed.id
            store.jobs.pause({subject})
            assert not store.jobs.holds(claimed)
            assert store.jobs.claim(JobKind.READ, NOW, LATER) is None
            assert store.jobs.open_of(subject, JobKind.READ)
            store.jobs.release_all()
            assert store.jobs.claim(JobKind.READ, NOW, LATER) is None
            store.jobs.resume({subject})
            again = store.jobs.claim(JobKind.EMBED, NOW, LATER)
        assert again
        assert (again.id, again.attempt) == (embed.id, 1)

    def test_the_job_that_runs_tells_how_far_a_subject_is(self, records: SqlRecords) -> None:
        subject = new_id()
        with records.writing() as store:
            for seconds, kind in enumerate((JobKind.OCR, JobKind.EMBED, JobKind.READ)):
                job = replace(a_job(subject), kind=kind)
                store.jobs.add(job, NOW + timedelta(seconds=seconds))
            claimed = store.jobs.claim(JobKind.EMBED, LATER, LATER)
            assert claimed
            store.jobs.report(claimed, Progress(step="embedding"), LATER)
            told = store.jobs.of_subjects({subject})[subject]
            assert (told.kind, told.state) == (JobKind.EMBED, JobState.RUNNING)
            store.jobs.remove_of(subject, JobKind.EMBED)
            assert store.jobs.of_subjects({subject})[subject].kind is JobKind.OCR

    def test_attempts_that_do_not_count_and_those_that_count_anew(
        self, records: SqlRecords
    ) -> None:
        with records.writing() as store:
            store.jobs.add(a_job(), NOW)
            attempts = []
            for leave in (store.jobs.release, store.jobs.give_back, store.jobs.renew):
                job = store.jobs.claim(JobKind.READ, NOW, LATER)
                assert job
                attempts.append(job.attempt)
                assert leave(job)
                assert not leave(job)
            job = store.jobs.claim(JobKind.READ, NOW, LATER)
            assert job
        assert [*attempts, job.attempt] == [1, 2, 2, 1]


class TestSources:
    def test_sources_and_their_files_are_given_back_as_they_were(
        self, records: SqlRecords, base: KnowledgeBase
    ) -> None:
        source = Source(
            id=SourceId(new_id()),
            knowledge_base_id=base.id,
            kind=SourceKind.FOLDER,
            address="folder",
            created_at=NOW,
            looked_at=LATER,
        )
        document = added(records, base)
        file = SourceFile(
            name="a.txt", size_bytes=1, modified_ns=2**62, document_id=document.id, error="no"
        )
        with records.writing() as store:
            store.sources.add(source)
            for one in (replace(file, error=""), file, replace(file, name="b", document_id=None)):
                store.sources.save_file(source.id, one)
            assert store.sources.of(base.id) == store.sources.active() == [source]
            assert store.sources.files(source.id)["a.txt"] == file
            assert store.sources.holding(document.id) == [(source.id, "a.txt")]
            store.sources.remove_file(source.id, "a.txt")
            assert store.sources.holding(document.id) == []
            store.sources.remove(source.id)
            assert store.sources.files(source.id) == {}
