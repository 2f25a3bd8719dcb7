"""The command line's contract: what it prints, where, and how it ends."""

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdf
import pytest

from kb.adapters.child_process import package_root
from kb.adapters.home_lock import HomeLock
from kb.adapters.sql.jobs import SqlJobs
from kb.cli.main import main
from kb.domain.errors import DamagedFileError, DiskFullError
from kb.ingestion import passages, pipeline
from tests.adapters.pdf_maker import PdfPage, make_pdf, paragraph
from tests.fake_embedder import FakeEmbedder
from tests.house import zipped
from tests.open_apps import opened

ADDED = {"path", "document", "status", "pages", "passages", "seconds", "error"}
HIT = {"rank", "score", "document", "page", "pages", "heading", "start", "end", "text"}
ANSWER = {"answer", "refused", "reason", "citations", "compared", "timings"}
CITATION = {"n", "document", "page", "text", "support"}
FIGURES = (
    "set kb questions recall@1 recall@5 recall@10 page_hit@1 page_hit@5 page_hit@10 mrr@10 "
    "ndcg@10 refusal_rate wrong_refusal_rate refusal_auc latency_ms_p50 latency_ms_p95"
).split()
MORE_FIGURES = ["ci", "latency_ms_by_stage"]
BRIDGE = "The harbour footbridge of basalt was opened in winter."
GARDEN = "# Garden\n\nThe larch shed beside the pond was painted green in spring.\n"


@dataclass(frozen=True)
class Shell:
    """Runs commands in this process, on one data folder."""

    home: Path
    capture: pytest.CaptureFixture[str]
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)

    def __call__(self, *arguments: object, ends: int = 0) -> str:
        """What the command prints on stdout."""
        self.capture.readouterr()
        status = main(["--home", str(self.home), *map(str, arguments)], embedder=self.embedder)
        told, errors = self.capture.readouterr()
        assert status == ends, errors
        assert "Traceback" not in errors
        return told

    def json(self, *arguments: object, ends: int = 0) -> list[dict[str, Any]]:
        """The objects that the command prints, one a line."""
        told = self(*arguments, "--json", ends=ends)
        assert not told or told.endswith("\n")
        assert told.isascii()
        return [json.loads(line) for line in told.split("\n")[:-1]]

    def refused(self, *arguments: object) -> str:
        """The sentence on stderr of a command that prints nothing else."""
        self.capture.readouterr()
        status = main(["--home", str(self.home), *map(str, arguments)], embedder=self.embedder)
        told, errors = self.capture.readouterr()
        assert (status, told) == (1, "")
        return errors.strip()


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """On an empty data folder."""
    return Shell(tmp_path / "home", capsys)


@pytest.fixture
def filled(filled_home: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """On a data folder with documents, for commands that only look."""
    return Shell(filled_home, capsys)


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    documents = folder / "documents"
    documents.mkdir()
    write_documents(documents)
    assert (
        main(["--home", str(folder / "home"), "add", str(documents)], embedder=FakeEmbedder()) == 0
    )
    return folder / "home"


def write_documents(folder: Path) -> None:
    """A PDF of two pages, and below it Markdown and a web page."""
    pages = (
        PdfPage(paragraph("Contents of the handbook stand on this first page.", top=100)),
        PdfPage(paragraph(BRIDGE, top=100)),
    )
    (folder / "handbook.pdf").write_bytes(make_pdf(*pages, title="Handbook"))
    (folder / "notes" / "deep").mkdir(parents=True)
    (folder / "notes" / "garden.md").write_text(GARDEN)
    page = "<html><body><p>Kites need steady wind and a long string.</p></body></html>"
    (folder / "notes" / "deep" / "kites.html").write_text(page)
    (folder / "notes" / ".hidden.txt").write_text("Nobody reads this.")


def write_bad_files(folder: Path) -> None:
    (folder / "zero.txt").touch()
    (folder / "zero.pdf").touch()
    (folder / "corrupt.pdf").write_bytes(b"%PDF-1.7\n" + os.urandom(2000))
    (folder / "picture.xyz").write_bytes(b"\0\1\2\3" * 100)
    locked = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf(PdfPage(paragraph("Hush.", top=90)))))
    locked.encrypt("secret", algorithm="RC4-128")
    locked.write(folder / "locked.pdf")


def write_lines(path: Path, *objects: dict[str, Any]) -> Path:
    lines = (json.dumps(one, ensure_ascii=False) for one in objects)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return path


class TestAdd:
    def test_folders_are_taken_in_recursively_and_bad_files_fail_by_name(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        folder = tmp_path / "documents"
        folder.mkdir()
        write_documents(folder)
        write_bad_files(folder)
        told = {one["document"]: one for one in shell.json("add", folder, ends=1)}

        assert all(one.keys() == ADDED for one in told.values())
        ready = {name for name, one in told.items() if one["status"] == "ready"}
        assert ready == {"handbook.pdf", "notes/garden.md", "notes/deep/kites.html"}
        pdf = told["handbook.pdf"]
        assert (pdf["pages"], pdf["passages"], pdf["error"]) == (2, 2, None)
        assert pdf["path"] == str(folder / "handbook.pdf")
        assert told["notes/garden.md"]["pages"] is None

        failed = {name: one for name, one in told.items() if one["status"] == "failed"}
        assert failed.keys() == {"zero.txt", "zero.pdf", "corrupt.pdf", "picture.xyz", "locked.pdf"}
        for name, one in failed.items():
            assert one["passages"] == 0
            assert one["error"].startswith(f"{name}: ")
            assert one["error"].count(name) == 1
            assert "\n" not in one["error"]
        assert failed["zero.pdf"]["error"] == "zero.pdf: The file is empty."
        assert "password" in failed["locked.pdf"]["error"]
        assert ".xyz" in failed["picture.xyz"]["error"]

        listed = {one["document"]: one for one in shell.json("list")}
        assert {name for name, one in listed.items() if one["status"] == "ready"} == ready
        assert listed["zero.pdf"]["error"] == failed["zero.pdf"]["error"]
        hits = shell.json("search", "handbook larch kites empty hush", "-k", "100")
        assert {hit["document"] for hit in hits} <= ready

        again = {one["document"]: one["status"] for one in shell.json("add", folder, ends=1)}
        assert {name for name, status in again.items() if status == "duplicate"} == ready

    def test_a_file_is_named_by_itself_and_what_is_there_already_is_a_duplicate(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        (tmp_path / "some").mkdir()
        (tmp_path / "some" / "garden.md").write_text(GARDEN)
        (tmp_path / "copy.md").write_text(GARDEN)
        one, other = shell.json("add", tmp_path / "some" / "garden.md", tmp_path / "copy.md")
        assert (one["document"], one["status"]) == ("garden.md", "ready")
        assert (other["document"], other["status"]) == ("garden.md", "duplicate")
        assert other["path"] == str(tmp_path / "copy.md")
        (anew,) = shell.json("add", tmp_path / "copy.md", "--kb", "Another")
        assert (anew["document"], anew["status"]) == ("copy.md", "ready")
        shown = shell("add", tmp_path / "copy.md")
        assert shown.startswith("duplicate  garden.md: 1 passages, ")

    def test_each_line_of_a_jsonl_is_a_document_named_by_its_id(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        path = write_lines(
            tmp_path / "corpus.jsonl",
            {"id": "one", "title": "Bridge", "text": f"{BRIDGE}\u2028It has rails.\x85Two."},
            {"id": "empty", "title": "Nothing", "text": ""},
            {"id": 3, "title": "", "text": "Numbers are names as well."},
        )
        told = shell.json("add", path)
        assert [one["document"] for one in told] == ["one", "empty", "3"]
        assert [one["status"] for one in told] == ["ready"] * 3
        assert [one["passages"] for one in told] == [1, 0, 1]
        assert [one["error"] for one in told] == [None] * 3
        (hit,) = shell.json("search", "footbridge basalt", "-k", "1")
        assert (hit["document"], hit["page"], hit["pages"]) == ("one", None, [])

    def test_a_line_that_is_no_record_fails_alone(self, shell: Shell, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "corpus.jsonl",
            {"id": "one", "title": "", "text": BRIDGE},
            {"title": "", "text": "Whose is this?"},
            {"id": "three", "title": "", "text": 3},
        )
        with path.open("ab") as stream:
            stream.write(b"{broken\n\xff\xfe\n[]\n")
        write_lines(tmp_path / "more.jsonl", {"id": "more", "title": "", "text": GARDEN})
        told = shell.json("add", tmp_path / "corpus.jsonl", tmp_path / "more.jsonl", ends=1)
        assert [one["status"] for one in told] == ["ready", *["failed"] * 5, "ready"]
        assert [one["error"] for one in told[1:-1]] == [
            "Line 2 of corpus.jsonl has no id.",
            "three: The record's text is not text.",
            "Line 4 of corpus.jsonl is not JSON.",
            "Line 5 of corpus.jsonl is not JSON.",
            "Line 6 of corpus.jsonl is not a JSON object.",
        ]

    def test_a_path_that_does_not_exist_is_told_of(self, shell: Shell, tmp_path: Path) -> None:
        told = shell.refused("add", tmp_path / "nowhere")
        assert told == f"{tmp_path / 'nowhere'} does not exist."

    def test_a_store_that_takes_no_changes_ends_the_command_with_one_sentence(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise DiskFullError("The disk is full, so nothing was changed.")

        (tmp_path / "bridge.txt").write_text(BRIDGE)
        with monkeypatch.context() as patch:
            patch.setattr(SqlJobs, "claim", full)
            told = shell.refused("add", tmp_path / "bridge.txt")
        assert told == "The disk is full, so nothing was changed."
        (one,) = shell.json("add", tmp_path / "bridge.txt")
        assert one["passages"] == 1

    def test_an_archive_added_again_goes_on_with_what_had_failed_in_it(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "all.zip"
        path.write_bytes(zipped(bridge_txt=BRIDGE, garden_txt="The larch shed was painted."))
        cut = passages.cut

        def failing(id: Any, parsed: Any, *rest: Any) -> Any:
            if "larch" in parsed.pages[0].text:
                raise DamagedFileError("It was damaged for a moment.")
            return cut(id, parsed, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "cut", failing)
            told = shell.json("add", path, ends=1)
        assert [one["status"] for one in told] == ["ready", "ready", "failed"]
        told = shell.json("add", path)
        assert [one["status"] for one in told] == ["duplicate", "ready", "ready"]

    def test_a_paused_document_goes_on_when_it_is_added_again(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        (tmp_path / "bridge.txt").write_text(BRIDGE)
        with opened(shell.home) as app:
            base = app.workspace().knowledge_bases.first()
            added = app.workspace().documents.add(
                base.id, "bridge.txt", io.BytesIO(BRIDGE.encode())
            )
            app.workspace().jobs.pause([added.document.id])
        (told,) = shell.json("add", tmp_path / "bridge.txt")
        assert (told["status"], told["passages"]) == ("duplicate", 1)


class TestSearch:
    def test_passages_are_told_with_page_and_place(self, filled: Shell) -> None:
        hits = filled.json("search", "harbour footbridge basalt", "-k", "2")
        assert [hit["rank"] for hit in hits] == [1, 2]
        first = hits[0]
        assert first.keys() == HIT
        assert (first["document"], first["page"], first["pages"]) == ("handbook.pdf", 2, [2])
        assert first["text"] == BRIDGE
        assert first["end"] - first["start"] == len(BRIDGE)
        assert first["score"] >= hits[1]["score"]
        (shed,) = filled.json("search", "larch shed", "-k", "1")
        assert (shed["page"], shed["pages"], shed["heading"]) == (None, [], "Garden")
        assert "handbook.pdf, p. 2" in filled("search", "harbour footbridge basalt")

    def test_a_search_keeps_to_named_documents(self, filled: Shell) -> None:
        names = ("handbook.pdf", "notes/garden.md")
        hits = filled.json("search", "kites steady wind", "--document", *names)
        assert {hit["document"] for hit in hits} <= set(names)
        told = filled.refused("search", "kites", "--document", "nowhere.txt")
        assert told == "There is no document called nowhere.txt."

    def test_a_batch_gives_one_line_a_question(self, filled: Shell, tmp_path: Path) -> None:
        history = [
            {"role": "user", "content": "What of the harbour?"},
            {"role": "assistant", "content": "It has a footbridge."},
        ]
        path = write_lines(
            tmp_path / "questions.jsonl",
            {"id": "1", "question": "harbour footbridge basalt opened winter"},
            {"id": "2", "question": "larch shed\u2028pond", "scope": ["notes/garden.md"]},
            {"id": "3", "question": "basalt opened winter", "history": history},
            {"id": "4", "question": "photosynthesis"},
        )
        told = [json.loads(line) for line in filled("search", "--batch", path).splitlines()]
        assert [one["id"] for one in told] == ["1", "2", "3", "4"]
        for one in told:
            assert one.keys() == {"id", "refused", "evidence_score", "ms", "results"}
            assert isinstance(one["refused"], bool)
            assert 0 <= one["evidence_score"] <= 1
            assert all(hit.keys() == HIT for hit in one["results"])
        assert told[0]["results"][0]["text"] == BRIDGE
        assert not told[0]["refused"]
        assert {hit["document"] for hit in told[1]["results"]} == {"notes/garden.md"}
        assert told[3]["refused"]

    @pytest.mark.parametrize("command", ["search", "ask"])
    def test_what_cannot_be_asked_is_told_of(
        self, filled: Shell, tmp_path: Path, command: str
    ) -> None:
        path = tmp_path / "questions.jsonl"
        either = "Give either a question or --batch FILE.jsonl."
        assert filled.refused(command) == either
        assert filled.refused(command, "x", "--batch", path) == either
        assert filled.refused(command, "--batch", path) == f"{path} does not exist."
        path.write_text('{"id": 7}\n')
        assert filled.refused(command, "--batch", path) == "The line 7 has no question."
        path.write_text("\n{\n")
        assert filled.refused(command, "--batch", path) == "Line 2 of questions.jsonl is not JSON."
        assert filled.refused(command, "  ") == "The question is empty."
        told = filled.refused(command, "x", "--kb", "Nowhere")
        assert told.startswith("There is no knowledge base called Nowhere.")

    @pytest.mark.parametrize("k", ["0", "-1", "many"])
    def test_a_number_of_passages_is_a_number(self, filled: Shell, k: str) -> None:
        with pytest.raises(SystemExit) as ended:
            filled("search", "x", "-k", k)
        assert ended.value.code == 2


class TestFind:
    def test_every_place_is_an_object_and_their_number_stands_on_stderr(
        self, filled: Shell
    ) -> None:
        (place,) = filled.json("search", '"basalt was" -pond', "--exact")
        assert place["text"][: len(BRIDGE)] == BRIDGE
        assert set(place) == {"document", "page", "heading", "start", "end", "text"}
        assert (place["document"], place["page"]) == ("handbook.pdf", 2)
        assert place["end"] - place["start"] == len("basalt was")
        filled.capture.readouterr()
        main(["--home", str(filled.home), "search", "painted", "--exact"], embedder=FakeEmbedder())
        told, counted = filled.capture.readouterr()
        assert told.startswith("notes/garden.md: ")
        assert counted == "1 place in 1 document.\n"

    def test_a_regular_expression_finds_what_it_matches_in_the_named_documents(
        self, filled: Shell
    ) -> None:
        every = filled.json("search", r"\bin (winter|spring)\b", "--regex")
        assert {place["document"] for place in every} == {"handbook.pdf", "notes/garden.md"}
        arguments = ("--regex", "--document", "notes/garden.md")
        (one,) = filled.json("search", r"\bin (winter|spring)\b", *arguments)
        assert one == every[1]

    def test_what_is_nowhere_prints_nothing(self, filled: Shell) -> None:
        assert filled.json("search", "zebra", "--exact") == []

    def test_what_cannot_be_searched_is_refused(self, filled: Shell, tmp_path: Path) -> None:
        assert "cannot be used" in filled.refused("search", "(", "--regex")
        assert "Nothing is looked for" in filled.refused("search", "--exact", "--", "-draft")
        batch = write_lines(tmp_path / "questions.jsonl", {"id": "1", "question": "basalt"})
        assert "--batch" in filled.refused("search", "--batch", batch, "--exact")

    def test_all_places_are_printed_also_where_they_are_asked_for_in_parts(
        self, filled: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kb.cli.ask.PLACES_AT_A_TIME", 1)
        assert len(filled.json("search", "e", "--regex")) > 20


class TestAsk:
    def test_an_answer_is_told_with_its_citations(self, filled: Shell) -> None:
        question = "harbour footbridge basalt opened winter"
        (told,) = filled.json("ask", question, "--model", "quotes")
        assert told.keys() == ANSWER
        assert "basalt was opened in winter. [1]" in told["answer"]
        assert (told["refused"], told["reason"]) == (False, None)
        cited = told["citations"][0]
        assert cited.keys() == CITATION
        assert (cited["n"], cited["document"], cited["page"]) == (1, "handbook.pdf", 2)
        assert (cited["text"], cited["support"]) == (BRIDGE, "supported")
        assert told["timings"]["total"] > 0
        shown = filled("ask", question, "--model", "quotes")
        assert "[1] handbook.pdf, p. 2" in shown

    def test_a_refusal_says_why(self, filled: Shell) -> None:
        (told,) = filled.json("ask", "photosynthesis", "--model", "quotes")
        assert (told["refused"], told["answer"], told["citations"]) == (True, "", [])
        assert told["reason"].startswith("Your documents do not seem to answer this.")
        shown = filled("ask", "photosynthesis", "--model", "quotes")
        assert "The closest passages are shown." in shown
        assert "\n1. " in shown

    def test_a_batch_gives_one_answer_a_line(self, filled: Shell, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "questions.jsonl",
            {"id": "1", "question": "harbour footbridge basalt opened winter"},
            {"id": "2", "question": "photosynthesis"},
        )
        told = filled.json(
            "ask", "--batch", path, "--model", "quotes", "--document", "handbook.pdf"
        )
        assert [one["id"] for one in told] == ["1", "2"]
        assert all(one.keys() == {"id", *ANSWER} for one in told)
        assert [one["refused"] for one in told] == [False, True]


class TestSupport:
    def test_a_batch_tells_what_bears_each_sentence_out(self, shell: Shell, tmp_path: Path) -> None:
        passages = ["Tigers eat antelopes.", "The pump weighs 84 kg. It is made of bronze."]
        path = write_lines(
            tmp_path / "sentences.jsonl",
            {"id": "a", "sentence": "It is made of bronze.", "passages": passages},
            {"id": 2, "sentence": "The pump weighs 85 kg.", "passages": passages},
            {"id": "c", "sentence": "Lunch is at noon.", "passages": []},
        )
        told = shell.json("support", "--batch", path)
        assert [(one["id"], one["support"], one["how"]) for one in told] == [
            ("a", "supported", "quoted"),
            (2, "partial", "paraphrased"),
            ("c", "unsupported", "not found"),
        ]
        quoted = told[0]
        assert quoted["passage"] == 1
        assert passages[1][quoted["start"] : quoted["end"]] == "It is made of bronze."
        assert "supported, quoted: It is made of bronze." in shell("support", "--batch", path)

    def test_a_checking_model_that_is_not_there_is_told_of_once(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KB_SUPPORT_MODEL", "/no/such/folder")
        line = {"id": "a", "sentence": "By hand bronze is made.", "passages": ["Made by hand."]}
        path = write_lines(tmp_path / "sentences.jsonl", line, line)
        args = ["--home", str(shell.home), "support", "--batch", str(path), "--json"]
        assert main(args, embedder=shell.embedder) == 0
        told, errors = shell.capture.readouterr()
        assert [json.loads(one)["support"] for one in told.splitlines()] == ["partial"] * 2
        assert errors.count("The checking model's folder /no/such/folder does not exist.") == 1

    def test_a_line_of_another_form_is_told_of(self, shell: Shell, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "sentences.jsonl", {"id": "a", "sentence": "x"})
        assert "Line 1 has no sentence or no passages." in shell.refused("support", "--batch", path)


class TestEval:
    def test_the_last_line_holds_every_figure(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "some_set"
        (folder / "docs").mkdir(parents=True)
        write_documents(folder / "docs")
        garden = {"document": "notes/garden.md"}
        write_lines(
            folder / "questions.jsonl",
            {
                "id": "1",
                "question": "harbour footbridge basalt opened winter",
                "answerable": True,
                "evidence": [{"document": "handbook.pdf", "page": 1, "also_pages": [2]}],
            },
            {
                "id": "2",
                "question": "larch shed pond painted green spring",
                "answerable": True,
                "evidence": [garden],
                "scope": ["notes/garden.md"],
            },
            {"id": "3", "question": "photosynthesis", "answerable": False},
        )
        figures = shell.json("eval", folder)[-1]
        assert list(figures) == FIGURES + MORE_FIGURES
        assert figures["ci"]["ndcg@10"] == [1, 1]
        assert figures["latency_ms_by_stage"].keys() >= {"dense", "words"}
        assert (figures["set"], figures["kb"], figures["questions"]) == ("some_set", "some_set", 3)
        for name in ("recall@1", "page_hit@1", "mrr@10", "ndcg@10", "refusal_rate", "refusal_auc"):
            assert figures[name] == 1
        assert figures["wrong_refusal_rate"] == 0
        assert figures["latency_ms_p50"] > 0
        assert len(shell.json("list", "--kb", "some_set")) == 3

        limited = shell.json("eval", folder, "--limit", "1", "--kb", "some_set")[-1]
        assert limited["questions"] == 1
        answered = shell.json("eval", folder, "--answers", "--model", "quotes")[-1]
        assert answered["answers"] == 3
        assert answered.keys() > set(FIGURES)

    def test_figures_without_evidence_are_null(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "bare"
        folder.mkdir()
        write_lines(folder / "corpus.jsonl", {"id": "one", "title": "", "text": BRIDGE})
        write_lines(folder / "questions.jsonl", {"id": "1", "question": "harbour footbridge"})
        (figures,) = shell.json("eval", folder)
        assert list(figures) == FIGURES + MORE_FIGURES
        nothing = [name for name, value in figures.items() if value is None]
        assert nothing == [n for n in FIGURES if n[:3] in ("rec", "pag", "mrr", "ndc")] + [
            "refusal_rate",
            "refusal_auc",
        ]

    def test_two_kept_runs_are_compared(self, shell: Shell, tmp_path: Path) -> None:
        folder = tmp_path / "pair"
        folder.mkdir()
        corpus = [{"id": "bridge", "title": "", "text": BRIDGE}, {"id": "shed", "text": GARDEN}]
        write_lines(folder / "corpus.jsonl", *corpus)
        question = {"id": "1", "question": "harbour footbridge basalt"}
        before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
        for path, document in ((before, "shed"), (after, "bridge")):
            labelled = {**question, "evidence": [{"document": document}]}
            write_lines(folder / "questions.jsonl", labelled)
            shell("eval", folder, "--save", path)

        told = shell("eval", "--compare", before, after)
        assert "Better: 1" in told
        assert "first relevant 2 → 1" in told
        changed, total = shell.json("eval", "--compare", after, before)
        assert (changed["id"], changed["verdict"]) == ("1", "worse")
        assert total["figures"]["recall@1"]["difference"] == -1

    def test_runs_are_compared_while_the_app_holds_the_data_folder(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        run = tmp_path / "run.jsonl"
        run.write_text("")
        with opened(shell.home):
            assert "0 questions" in shell("eval", "--compare", run, run)

    def test_a_place_for_results_that_is_not_there_is_told_of_at_once(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        path = tmp_path / "none" / "run.jsonl"
        assert shell.refused("eval", tmp_path, "--save", path).startswith("The folder of")

    def test_either_a_set_or_two_runs_are_asked_for(self, shell: Shell, tmp_path: Path) -> None:
        told = "Give either a folder of questions or --compare and two files."
        assert shell.refused("eval") == told
        assert shell.refused("eval", tmp_path, "--compare", tmp_path, tmp_path) == told

    def test_a_folder_that_is_no_set_is_told_of(self, shell: Shell, tmp_path: Path) -> None:
        assert shell.refused("eval", tmp_path) == f"{tmp_path} has no questions.jsonl."
        write_lines(tmp_path / "questions.jsonl", {"id": "1", "question": "x"})
        told = f"{tmp_path} has neither corpus.jsonl nor docs."
        assert shell.refused("eval", tmp_path) == told


class TestMaintenance:
    def test_documents_are_listed_and_removed(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "garden.md").write_text(GARDEN)
        (tmp_path / "bridge.txt").write_text(BRIDGE)
        shell("add", tmp_path / "garden.md", tmp_path / "bridge.txt")
        listed = shell.json("list")
        assert [one["document"] for one in listed] == ["bridge.txt", "garden.md"]
        keys = {"document", "status", "pages", "passages", "pages_by_source", "bytes", "error"}
        assert all(one.keys() == keys for one in listed)
        missing = shell.refused("remove", "garden.md", "nowhere.md")
        assert missing == "There is no document called nowhere.md."
        (told,) = shell.json("remove", "garden.md", "garden.md")
        assert told == {"document": "garden.md", "status": "removed"}
        assert [one["document"] for one in shell.json("list")] == ["bridge.txt"]
        assert {hit["document"] for hit in shell.json("search", "larch shed")} == {"bridge.txt"}
        assert shell.json("rebuild") == [{"kb": "My documents", "passages": 1}]
        (checked,) = shell.json("check")
        assert checked == {
            "kb": "My documents",
            "agrees": True,
            "passages": 1,
            "missing_vectors": 0,
            "stray_vectors": 0,
            "words_agree": True,
        }

    def test_a_difference_is_told_and_mended_by_the_next_command(
        self, shell: Shell, tmp_path: Path
    ) -> None:
        import shutil

        (tmp_path / "bridge.txt").write_text(BRIDGE)
        shell("add", tmp_path / "bridge.txt")
        shutil.rmtree(shell.home / "chroma")
        (checked,) = shell.json("check", ends=1)
        assert (checked["agrees"], checked["missing_vectors"]) == (False, 1)
        shell("list")
        assert shell.json("check")[0]["agrees"]

    def test_a_damaged_vector_folder_is_rebuilt(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "bridge.txt").write_text(BRIDGE)
        shell("add", tmp_path / "bridge.txt")
        (shell.home / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
        assert shell.json("rebuild")[0]["passages"] == 1
        assert shell.json("check")[0]["agrees"]


class TestHome:
    def test_a_second_process_is_refused_in_under_a_second_naming_the_holder(
        self, tmp_path: Path
    ) -> None:
        lock = HomeLock(tmp_path)
        took = []
        for _ in range(3):
            begun = time.perf_counter()
            refused = subprocess.run(
                [sys.executable, "-m", "kb", "list", "--home", str(tmp_path), "--json"],
                cwd=package_root(),
                capture_output=True,
                text=True,
                check=False,
            )
            took.append(time.perf_counter() - begun)
        lock.release()
        assert (refused.returncode, refused.stdout) == (1, "")
        told = " ".join(refused.stderr.split())
        assert told.startswith(f"The data folder {tmp_path} is in use by `")
        assert f"(process {os.getpid()}, since" in told
        # Under one second on a machine that is free; tests share theirs with others.
        assert min(took) < 3

    @pytest.mark.parametrize("place", ["before", "after", "environment"])
    def test_the_home_stands_before_or_after_the_command_or_in_the_environment(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        place: str,
    ) -> None:
        home = tmp_path / "home"
        monkeypatch.setenv(
            "KB_HOME", str(home if place == "environment" else tmp_path / "elsewhere")
        )
        option = ["--home", str(home)]
        given = {"before": [*option, "list"], "after": ["list", *option], "environment": ["list"]}
        assert main(given[place], embedder=FakeEmbedder()) == 1
        told, errors = capsys.readouterr()
        assert told == ""
        assert errors.startswith("There is no knowledge base called My documents.")
        assert (home / "quire.sqlite").is_file()
        assert not (tmp_path / "elsewhere").exists()
