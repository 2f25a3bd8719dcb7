"""From an added file to a ready document: its stages, and what stops, breaks or repeats them."""

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.bootstrap import App
from kb.domain.documents import DocumentState, PageLedger
from kb.domain.errors import DamagedFileError, ModelCrashedError, ReaderCrashedError
from kb.domain.jobs import JobKind
from kb.ingestion.pipeline import AT_A_TIME, BEGINNING
from kb.services.unpacking import TOO_DEEP
from kb.worker import PAGES_BETWEEN_READINGS, Worker
from tests.fake_embedder import FakeEmbedder
from tests.fake_reader import HEADER, PICTURE, FakeReader, HangingReader
from tests.house import (
    BRIDGE,
    GARDEN,
    QUESTION,
    SCANNED,
    House,
    WatchedEmbedder,
    in_house,
    many_paragraphs,
    zipped,
)
from tests.open_apps import DirectReader, found, opened, work_off

QUEUED, SEARCHABLE, READY = DocumentState.QUEUED, DocumentState.SEARCHABLE, DocumentState.READY
FAILED, CANCELLED = DocumentState.FAILED, DocumentState.CANCELLED


@pytest.fixture
def house(app: App) -> House:
    return in_house(app)


class TestWords:
    def test_a_document_is_found_by_its_words_before_it_has_vectors(self, house: House) -> None:
        id = house.add(BRIDGE)
        house.step(JobKind.READ)
        assert house.state(id) is SEARCHABLE
        assert house.embedder.embedded == []
        assert house.found() == [BRIDGE]
        assert house.agrees()
        house.step(JobKind.EMBED)
        assert (house.state(id), house.found()) == (READY, [BRIDGE])
        assert house.agrees()

    def test_what_has_no_vector_yet_is_judged_as_it_will_be(self, house: House) -> None:
        house.add(BRIDGE)
        house.step(JobKind.READ)
        answers = house.workspace.answers
        ranking = answers.search(house.base_id, QUESTION)
        assert [hit.scores.dense for hit in ranking.hits] == [None]
        before = answers.judged(ranking)
        house.step(JobKind.EMBED)
        after = answers.judged(answers.search(house.base_id, QUESTION))
        assert before.enough
        assert after.evidence == pytest.approx(before.evidence, abs=0.1)

    def test_the_beginning_of_a_long_pdf_is_found_before_the_rest_is_read(
        self, house: House
    ) -> None:
        seen: list[list[str]] = []

        def look(pages: int) -> None:
            if not pages:
                seen.append(house.found("bridge number built"))

        house.reader.before = look
        id = house.add(HEADER + many_paragraphs(BEGINNING + 6), "long.pdf")
        house.step(JobKind.READ)
        assert len(seen[0]) == 10
        assert house.get(id).passage_count == BEGINNING + 6
        work_off(house.app)
        assert house.state(id) is READY
        assert house.agrees()

    def test_warnings_and_the_ledger_of_pages_are_kept(self, house: House) -> None:
        house.reader.warnings = ("A picture was left out.",)
        id = house.add(f"{BRIDGE}\f{PICTURE}\f{GARDEN}")
        house.step(JobKind.READ)
        assert house.get(id).ledger == PageLedger(digital=2, empty=1, waiting=1)
        work_off(house.app)
        document = house.get(id)
        assert document.warnings == ("A picture was left out.",)
        assert document.ledger == PageLedger(digital=2, empty=1)

    def test_a_file_without_text_fails_with_a_sentence(self, house: House) -> None:
        house.reader.warnings = ("All pages are blank.",)
        id = house.add(" ")
        work_off(house.app)
        document = house.get(id)
        assert document.state is FAILED
        assert document.error == "bridge.txt: No text was found in it. All pages are blank."


class TestVectors:
    def test_a_failed_batch_is_tried_again_without_reading_again(self, house: House) -> None:
        def crash_once(call: int) -> None:
            if call == 2:
                raise ModelCrashedError("The model broke down.")

        house.embedder.before = crash_once
        id = house.add(many_paragraphs(AT_A_TIME + 8))
        work_off(house.app)
        assert house.state(id) is READY
        assert house.reader.read_names == ["bridge.txt"]
        assert len(house.embedder.embedded) == len(set(house.embedder.embedded)) == AT_A_TIME + 8

    def test_a_batch_that_fails_three_times_fails_the_document(self, house: House) -> None:
        def crash(call: int) -> None:
            if call > 1:
                raise ModelCrashedError("The model broke down.")

        house.embedder.before = crash
        id = house.add(many_paragraphs(AT_A_TIME + 8))
        work_off(house.app)
        document = house.get(id)
        assert (document.state, document.passage_count) == (FAILED, 0)
        assert document.error == "bridge.txt: The model broke down."
        assert house.found("bridge number built") == []
        assert house.agrees()

    def test_embedding_goes_on_where_a_killed_process_left_it_however_often(
        self, tmp_path: Path
    ) -> None:
        def die_in_the_second(call: int) -> None:
            if call == 2:
                raise KeyboardInterrupt

        batches, embedded = 6, []
        for starts in range(20):
            with opened(tmp_path / "home") as app:
                house = in_house(app)
                house.embedder.before = die_in_the_second
                if starts == 0:
                    house.add(many_paragraphs(batches * AT_A_TIME))
                try:
                    work_off(app)
                    break
                except KeyboardInterrupt:
                    continue
                finally:
                    embedded += house.embedder.embedded
        with opened(tmp_path / "home") as app:
            (listed,) = app.workspace().documents.listed(app.workspace().knowledge_bases.first().id)
            assert listed.document.state is READY
        assert starts == batches - 1
        assert len(embedded) == len(set(embedded)) == batches * AT_A_TIME

    def test_another_model_does_not_go_on_with_the_vectors_of_the_first(self, house: House) -> None:
        id = house.add(BRIDGE)
        house.step(JobKind.READ)
        house.use(house.reader, FakeEmbedder("other"))
        work_off(house.app)
        document = house.get(id)
        assert document.state is FAILED
        assert "was embedded by another model" in document.error
        assert house.agrees()

    def test_what_was_read_anew_while_it_was_embedded_is_embedded_again(self, house: House) -> None:
        house.reader.said = {1: f"{SCANNED} It has rails."}
        id = house.add(f"{PICTURE}\f{BRIDGE}")
        house.step(JobKind.READ)

        def read_meanwhile(call: int) -> None:
            if call == 1:
                house.step(JobKind.OCR)
                house.step(JobKind.READ)

        house.embedder.before = read_meanwhile
        work_off(house.app)
        assert house.state(id) is READY
        with house.app.records.reading() as view:
            passages = view.documents.passages_of(id)
            space = house.embedder.space.id
            ids, rows = view.documents.vectors([passage.id for passage in passages], space)
        texts = {passage.id: passage.text for passage in passages}
        assert len(ids) == 2
        for passage_id, row in zip(ids, rows, strict=True):
            expected = house.embedder.embed_query(f"bridge {texts[passage_id]}")
            assert row @ expected == pytest.approx(1, abs=1e-5)


# What is queued next, once the document has come so far.
STAGES: dict[str, tuple[JobKind, ...]] = {
    "before it is read": (),
    "once it is searchable": (JobKind.READ,),
    "while OCR waits": (JobKind.READ, JobKind.OCR),
}


class TestStops:
    @pytest.mark.parametrize("stage", STAGES)
    def test_a_cancelled_document_leaves_nothing_and_can_be_taken_in_again(
        self, house: House, stage: str
    ) -> None:
        house.reader.said = {2: SCANNED, 3: GARDEN}
        id = house.add(f"{BRIDGE}\f{PICTURE}\f{PICTURE}")
        for kind in STAGES[stage]:
            house.step(kind)
        house.workspace.jobs.cancel([id])
        work_off(house.app)
        document = house.get(id)
        assert (document.state, document.passage_count, document.ledger) == (
            CANCELLED,
            0,
            PageLedger(),
        )
        assert house.workspace.documents.pages(id) == []
        assert house.found() == []
        assert house.agrees()
        house.workspace.jobs.retry([id])
        work_off(house.app)
        assert house.state(id) is READY
        assert sorted(house.found()) == sorted([BRIDGE, SCANNED, GARDEN])
        assert house.agrees()

    def test_a_document_is_cancelled_between_two_batches_of_its_vectors(self, house: House) -> None:
        id = house.add(many_paragraphs(2 * AT_A_TIME))
        house.embedder.before = lambda call: house.workspace.jobs.cancel([id])
        work_off(house.app)
        assert (house.state(id), house.embedder.calls) == (CANCELLED, 1)
        assert house.agrees()

    def test_a_retried_document_can_be_cancelled_again(self, house: House) -> None:
        id = house.add(BRIDGE)
        house.workspace.jobs.cancel([id])
        house.workspace.jobs.retry([id])
        house.step(JobKind.READ)
        assert house.state(id) is SEARCHABLE
        house.workspace.jobs.cancel([id])
        work_off(house.app)
        assert (house.state(id), house.found()) == (CANCELLED, [])

    @pytest.mark.parametrize("how", ["cancel", "pause"])
    def test_a_reading_that_hangs_ends_with_its_process(self, house: House, how: str) -> None:
        reader = HangingReader()
        house.use(reader)
        id = house.add(BRIDGE)
        working = threading.Thread(target=house.step, args=(JobKind.READ,))
        working.start()
        assert reader.begun.wait(10)
        getattr(house.workspace.jobs, how)([id])
        working.join(10)
        assert reader.closed.is_set()
        assert not working.is_alive()
        assert house.state(id) is (CANCELLED if how == "cancel" else QUEUED)
        assert not house.step()

    def test_ocr_that_hangs_ends_with_its_process(self, house: House) -> None:
        id = house.add(f"{BRIDGE}\f{PICTURE}")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        reader = HangingReader()
        house.use(reader)
        working = threading.Thread(target=house.step, args=(JobKind.OCR,))
        working.start()
        assert reader.begun.wait(10)
        house.workspace.jobs.cancel([id])
        working.join(10)
        assert not working.is_alive()
        assert (house.state(id), house.get(id).ledger.waiting) == (READY, 0)
        assert not house.step()

    def test_a_stop_ends_a_reading_that_hangs(self, house: House) -> None:
        reader = HangingReader()
        house.use(reader)
        id = house.add(BRIDGE)
        worker = Worker(house.app)
        working = threading.Thread(target=worker.one_step)
        working.start()
        assert reader.begun.wait(10)
        worker.stop()
        working.join(10)
        assert not working.is_alive()
        house.use(FakeReader())
        work_off(house.app)
        assert house.state(id) is READY

    @pytest.mark.parametrize("stage", STAGES)
    def test_a_paused_document_rests_also_over_a_restart(self, tmp_path: Path, stage: str) -> None:
        with opened(tmp_path / "home") as app:
            house = in_house(app)
            house.reader.said = {2: SCANNED, 3: GARDEN}
            id = house.add(f"{BRIDGE}\f{PICTURE}\f{PICTURE}")
            for kind in STAGES[stage]:
                house.step(kind)
            house.workspace.jobs.pause([id])
            assert not house.step()
        with opened(tmp_path / "home") as app:
            house = in_house(app)
            house.reader.said = {2: SCANNED, 3: GARDEN}
            assert not house.step()
            (listed,) = house.workspace.documents.listed(house.base_id)
            assert listed.paused
            house.workspace.jobs.resume([id])
            work_off(app)
            assert house.state(id) is READY
            assert sorted(house.found()) == sorted([BRIDGE, SCANNED, GARDEN])

    def test_a_pause_in_the_midst_of_embedding_keeps_what_is_embedded(self, house: House) -> None:
        id = house.add(many_paragraphs(2 * AT_A_TIME))

        def pause_once(call: int) -> None:
            if call == 1:
                house.workspace.jobs.pause([id])

        house.embedder.before = pause_once
        work_off(house.app)
        assert house.state(id) is SEARCHABLE
        house.workspace.jobs.resume([id])
        work_off(house.app)
        assert house.state(id) is READY
        assert len(house.embedder.embedded) == 2 * AT_A_TIME

    def test_a_ready_document_stays_when_its_work_is_cancelled(self, house: House) -> None:
        id = house.add(BRIDGE)
        work_off(house.app)
        house.workspace.jobs.cancel([id])
        assert (house.state(id), house.found()) == (READY, [BRIDGE])

    def test_the_job_that_runs_is_the_one_that_is_told_of(self, house: House) -> None:
        id = house.add(f"{many_paragraphs(AT_A_TIME + 1)}\f{PICTURE}")
        house.step(JobKind.READ)
        steps = []

        def look(_: int) -> None:
            (listed,) = house.workspace.documents.listed(house.base_id)
            assert listed.progress
            steps.append((listed.progress.step, listed.progress.done, listed.progress.total))

        house.embedder.before = look
        house.step(JobKind.EMBED)
        assert steps == [("embedding", 0, AT_A_TIME + 1), ("embedding", AT_A_TIME, AT_A_TIME + 1)]
        assert house.state(id) is READY


class TestOcr:
    def test_others_who_wait_come_before_the_next_page(self, house: House) -> None:
        house.reader.said = {1: SCANNED, 2: GARDEN}
        scan = house.add(f"{PICTURE}\f{PICTURE}", "scan.txt")
        house.step(JobKind.READ, JobKind.OCR)
        house.step(JobKind.READ, JobKind.OCR)
        assert house.reader.ocr_pages == [1]
        other = house.add(BRIDGE, "other.txt")
        house.step(JobKind.READ, JobKind.OCR)
        assert house.state(other) is SEARCHABLE
        assert house.reader.ocr_pages == [1]
        work_off(house.app)
        assert house.reader.ocr_pages == [1, 2]
        assert house.state(scan) is READY

    def test_a_document_of_only_pictures_is_hidden_until_they_are_read(self, house: House) -> None:
        house.reader.said = {1: SCANNED, 2: GARDEN}
        id = house.add(f"{PICTURE}\f{PICTURE}")
        house.step(JobKind.READ)
        house.step(JobKind.OCR)
        assert (house.state(id), house.found()) == (QUEUED, [])
        work_off(house.app)
        assert (house.state(id), house.get(id).ledger) == (READY, PageLedger(ocr=2))
        assert sorted(house.found()) == sorted([SCANNED, GARDEN])

    def test_where_ocr_finds_nothing_the_document_fails_with_a_sentence(self, house: House) -> None:
        id = house.add(f"{PICTURE}\f{PICTURE}")
        work_off(house.app)
        document = house.get(id)
        assert (document.state, document.error) == (
            FAILED,
            "bridge.txt: No text was found in it.",
        )
        assert document.ledger == PageLedger()
        house.reader.said = {1: SCANNED}
        house.workspace.jobs.retry([id])
        work_off(house.app)
        assert (house.state(id), house.found()) == (READY, [SCANNED])

    def test_a_page_that_breaks_ocr_counts_as_failed_and_the_others_are_read(
        self, house: House
    ) -> None:
        house.reader.said = {1: ReaderCrashedError("The reader broke down."), 2: SCANNED}
        id = house.add(f"{PICTURE}\f{PICTURE}\f{BRIDGE}")
        work_off(house.app)
        assert house.state(id) is READY
        assert house.get(id).ledger == PageLedger(digital=1, ocr=1, failed=1)
        assert sorted(house.found()) == sorted([SCANNED, BRIDGE])
        assert house.reader.ocr_pages == [1, 2]

    def test_a_mistake_in_ocr_leaves_a_document_that_has_text_and_tells_of_it(
        self, house: House
    ) -> None:
        house.reader.said = {2: RuntimeError("a mistake")}
        id = house.add(f"{BRIDGE}\f{PICTURE}")
        work_off(house.app)
        document = house.get(id)
        assert (document.state, document.ledger.waiting) == (READY, 0)
        assert document.warnings == (
            "bridge.txt: Quire made a mistake over this file. Retry it; the log says more.",
        )
        assert house.found() == [BRIDGE]

    def test_a_reading_that_fails_after_ocr_leaves_what_was_read_before(self, house: House) -> None:
        house.reader.said = {2: SCANNED}
        id = house.add(f"{BRIDGE}\f{PICTURE}")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        house.step(JobKind.OCR)
        house.reader.troubles = [DamagedFileError("The file is damaged.")]
        work_off(house.app)
        document = house.get(id)
        assert (document.state, document.ledger.waiting) == (READY, 0)
        assert document.warnings == ("bridge.txt: The file is damaged.",)
        assert house.found() == [BRIDGE]
        assert house.agrees()

    def test_where_ocr_finds_nothing_the_document_is_not_read_again(self, house: House) -> None:
        id = house.add(f"{BRIDGE}\f{PICTURE}\f{PICTURE}")
        work_off(house.app)
        assert house.reader.ocr_pages == [2, 3]
        assert len(house.reader.read_names) == 1
        assert house.get(id).ledger == PageLedger(digital=1, empty=2)
        assert (house.state(id), house.found()) == (READY, [BRIDGE])
        house.workspace.jobs.retry([id])
        assert not house.step()

    def test_only_passages_that_ocr_has_changed_are_embedded_again(self, house: House) -> None:
        house.reader.said = {2: SCANNED}
        id = house.add(f"{BRIDGE}\f{PICTURE}\f{GARDEN}")
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        assert len(house.embedder.embedded) == 2
        work_off(house.app)
        assert house.state(id) is READY
        assert len(house.embedder.embedded) == 3
        assert house.agrees()

    def test_pages_become_searchable_before_all_are_read(self, house: House) -> None:
        count = PAGES_BETWEEN_READINGS + 2
        house.reader.said = {page: f"The scanned bridge {page}." for page in range(1, count + 1)}
        id = house.add("\f".join([PICTURE] * count))
        house.step(JobKind.READ)
        while len(house.reader.ocr_pages) < PAGES_BETWEEN_READINGS:
            house.step(JobKind.OCR)
        house.step(JobKind.READ)
        assert house.state(id) is SEARCHABLE
        assert house.get(id).passage_count == PAGES_BETWEEN_READINGS
        house.step(JobKind.EMBED)
        assert house.state(id) is READY
        assert house.get(id).ledger.waiting == 2
        work_off(house.app)
        assert house.get(id).passage_count == count
        assert len(house.reader.ocr_pages) == count
        assert house.agrees()

    def test_cancelled_ocr_stays_so_when_what_it_has_read_is_taken_in(self, house: House) -> None:
        count = PAGES_BETWEEN_READINGS + 3
        house.reader.said = {page: f"The scanned bridge {page}." for page in range(2, count + 2)}
        id = house.add("\f".join([BRIDGE, *[PICTURE] * count]))
        house.step(JobKind.READ)
        house.step(JobKind.EMBED)
        while len(house.reader.ocr_pages) < PAGES_BETWEEN_READINGS:
            house.step(JobKind.OCR)
        house.workspace.jobs.cancel([id])
        work_off(house.app)
        assert len(house.reader.ocr_pages) == PAGES_BETWEEN_READINGS
        document = house.get(id)
        assert (document.state, document.passage_count) == (READY, PAGES_BETWEEN_READINGS + 1)
        assert document.ledger.waiting == 0
        house.workspace.jobs.retry([id])
        work_off(house.app)
        assert house.get(id).ledger == PageLedger(digital=1, ocr=count)
        house.workspace.jobs.retry([id])
        assert not house.step()

    def test_what_ocr_has_read_goes_with_the_last_document_of_that_content(
        self, house: House
    ) -> None:
        house.reader.said = {1: SCANNED}
        id = house.add(PICTURE)
        work_off(house.app)
        other = house.workspace.knowledge_bases.create("Other")
        house.workspace.documents.add_to(id, other.id)
        work_off(house.app)
        house.workspace.documents.remove(id)
        assert "oak" in house.kept()
        house.workspace.knowledge_bases.delete(other.id)
        assert "oak" not in house.kept()

    def test_a_document_removed_while_its_page_is_read_leaves_none_of_its_text(
        self, house: House
    ) -> None:
        house.reader.said = {1: SCANNED}
        id = house.add(PICTURE)
        house.step(JobKind.READ)
        read = house.reader.ocr

        def remove_meanwhile(*values: Any) -> Any:
            house.workspace.documents.remove(id)
            return read(*values)

        house.reader.ocr = remove_meanwhile
        work_off(house.app)
        assert "oak" not in house.kept()


class TestAttachments:
    @pytest.fixture
    def house(self, app: App) -> House:
        """Archives are read by the real reader."""
        house = House(app, DirectReader(), WatchedEmbedder())
        house.use(house.reader)
        return house

    def names(self, house: House) -> Iterator[tuple[str, DocumentState]]:
        for listed in house.workspace.documents.listed(house.base_id):
            yield listed.document.name, listed.document.state

    def test_files_inside_a_file_become_documents_and_go_with_it(self, house: House) -> None:
        inner = zipped(garden_txt=GARDEN)
        id = house.add(zipped(bridge_txt=BRIDGE, inner_zip=inner), "all.zip")
        work_off(house.app)
        assert dict(self.names(house)) == {
            "all.zip": READY,
            "all.zip/bridge.txt": READY,
            "all.zip/inner.zip": READY,
            "all.zip/inner.zip/garden.txt": READY,
        }
        inside = house.workspace.documents.found_inside(id)
        assert [document.name for document in inside] == ["all.zip/bridge.txt", "all.zip/inner.zip"]
        assert sorted(house.found()) == sorted([BRIDGE, GARDEN])
        house.workspace.documents.remove(id)
        assert list(self.names(house)) == []
        assert "basalt" not in house.kept()
        assert house.app.files.all() == set()
        assert house.agrees()

    def test_files_nested_too_deeply_are_left_out_with_a_warning(self, house: House) -> None:
        packed: bytes = zipped(deep_txt=GARDEN)
        for _ in range(3):
            packed = zipped(in_zip=packed, bridge_txt=BRIDGE)
        house.add(packed, "all.zip")
        work_off(house.app)
        states = dict(self.names(house))
        assert states["all.zip/in.zip/in.zip/in.zip"] is FAILED
        assert "all.zip/in.zip/in.zip/in.zip/deep.txt" not in states
        (deepest,) = (
            listed.document
            for listed in house.workspace.documents.listed(house.base_id)
            if listed.document.state is FAILED
        )
        assert deepest.error.endswith(TOO_DEEP)
        assert house.agrees()

    def test_two_files_of_one_name_in_one_mail_are_two_documents(self, house: House) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("same.txt", BRIDGE)
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("same.txt", GARDEN)
        house.add(packed.getvalue(), "all.zip")
        work_off(house.app)
        assert [name for name, _ in self.names(house)] == [
            "all.zip",
            "all.zip/same (2).txt",
            "all.zip/same.txt",
        ]
        assert len(house.found()) == 2

    def test_a_file_that_two_archives_hold_stays_until_both_are_removed(self, house: House) -> None:
        one = house.add(zipped(bridge_txt=BRIDGE), "one.zip")
        two = house.add(zipped(bridge_txt=BRIDGE, garden_txt=GARDEN), "two.zip")
        work_off(house.app)
        (shared,) = house.workspace.documents.found_inside(one)
        assert shared in house.workspace.documents.found_inside(two)
        house.workspace.documents.remove(one)
        assert sorted(house.found()) == sorted([BRIDGE, GARDEN])
        assert house.get(shared.id).parent_id == two
        house.workspace.documents.remove(two)
        assert house.found() == []
        assert list(self.names(house)) == []
        assert house.agrees()

    def test_a_file_that_a_person_added_too_stays_when_the_archive_goes(self, house: House) -> None:
        before = house.add(BRIDGE)
        archive = house.add(zipped(bridge_txt=BRIDGE, garden_txt=GARDEN), "all.zip")
        work_off(house.app)
        assert house.add(GARDEN, "garden.txt") != before
        house.workspace.documents.remove(archive)
        assert sorted(house.found()) == sorted([BRIDGE, GARDEN])
        assert house.agrees()

    def test_a_new_version_of_an_archive_takes_out_what_it_no_longer_holds(
        self, house: House
    ) -> None:
        old = house.add(zipped(bridge_txt=BRIDGE, garden_txt=GARDEN), "all.zip")
        work_off(house.app)
        house.add(zipped(bridge_txt=BRIDGE, more_txt=SCANNED), "all.zip")
        work_off(house.app)
        assert sorted(house.found()) == sorted([BRIDGE, SCANNED])
        assert house.agrees()
        house.workspace.versions.restore(old)
        work_off(house.app)
        assert sorted(house.found()) == sorted([BRIDGE, GARDEN])
        assert house.agrees()
        house.workspace.documents.remove(old)
        assert list(self.names(house)) == []
        assert house.app.files.all() == set()

    def test_an_archive_that_holds_itself_is_read_once(self, house: House) -> None:
        class Droste(DirectReader):
            """Finds in every archive that archive."""

            def read(self, path: Path, *rest: Any, **named: Any) -> Any:
                """The file itself, as found inside."""
                read = super().read(path, *rest, **named)
                for attachment in read.attachments:
                    Path(attachment.file).write_bytes(path.read_bytes())
                return read

        house.use(Droste())
        id = house.add(zipped(in_zip=b"x"), "all.zip")
        work_off(house.app)
        assert list(self.names(house)) == [("all.zip", READY)]
        assert house.workspace.documents.found_inside(id) == []


class TestTwins:
    def test_the_same_file_in_another_knowledge_base_is_neither_read_nor_embedded_again(
        self, house: House
    ) -> None:
        house.reader.warnings = ("A picture was left out.",)
        house.reader.said = {2: SCANNED}
        id = house.add(f"{BRIDGE}\f{PICTURE}")
        work_off(house.app)
        read, embedded = list(house.reader.read_names), list(house.embedder.embedded)
        other = house.workspace.knowledge_bases.create("Other")
        added = house.workspace.documents.add_to(id, other.id)
        assert not added.duplicate
        work_off(house.app)
        assert (house.reader.read_names, house.embedder.embedded) == (read, embedded)
        assert house.reader.ocr_pages == [2]
        twin, first = house.get(added.document.id), house.get(id)
        assert (twin.state, twin.warnings, twin.ledger) == (READY, first.warnings, first.ledger)
        assert sorted(found(house.workspace, other.id, QUESTION)) == sorted([BRIDGE, SCANNED])
        house.workspace.documents.remove(id)
        assert sorted(found(house.workspace, other.id, QUESTION)) == sorted([BRIDGE, SCANNED])
        assert house.agrees()

    def test_a_file_under_another_name_is_read_again_since_names_tell_types(
        self, house: House
    ) -> None:
        house.add(BRIDGE)
        work_off(house.app)
        other = house.workspace.knowledge_bases.create("Other")
        house.workspace.documents.add(other.id, "b.txt", io.BytesIO(BRIDGE.encode()))
        work_off(house.app)
        assert house.reader.read_names == ["bridge.txt", "b.txt"]

    def test_an_archive_in_another_knowledge_base_brings_its_files_along(self, app: App) -> None:
        house = House(app, DirectReader(), WatchedEmbedder())
        house.use(house.reader)
        house.add(BRIDGE, "bridge.txt")
        id = house.add(zipped(bridge_txt=BRIDGE), "all.zip")
        work_off(app)
        other = house.workspace.knowledge_bases.create("Other")
        house.workspace.documents.add_to(id, other.id)
        work_off(app)
        assert found(house.workspace, other.id, QUESTION) == [BRIDGE]
