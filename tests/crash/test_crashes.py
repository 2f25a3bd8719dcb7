"""Kill -9 at chosen points: afterwards nothing is lost, doubled or half visible."""

import json
import multiprocessing
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kb.adapters.child_process import package_root
from kb.adapters.files import DRAFTS
from kb.bootstrap import App
from kb.domain.documents import FINDABLE, Document, DocumentState, EmbeddingSpaceId
from kb.settings import load_settings, save_setting
from tests.crash import crashing
from tests.fake_reader import PICTURE
from tests.open_apps import found, opened, take_in, work_off

HARBOUR = "The harbour basalt bridge was built in winter."
GARDEN = "The garden larch bridge was built in summer."
SCANNED = crashing.SCANNED[2]
BRIDGE = "Which bridge was built?"
MOST_COMMITS = 60
FORKS = multiprocessing.get_context("forkserver")
ADDING = [
    "before the file is stored",
    "after the file is stored",
    "before the file is read",
    "after the file is read",
    "before passages are embedded",
    "after passages are embedded",
    "before OCR reads a page",
    "after OCR has read a page",
    "before vectors are indexed",
    "after vectors are indexed",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One document is ready."""
    folder = tmp_path / "home"
    with reopened(folder) as app:
        base = app.workspace().knowledge_bases.first()
        take_in(app, app.workspace(), base.id, "harbour.txt", HARBOUR)
    return folder


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    path = tmp_path / "bad garden.txt"
    path.write_text(f"{GARDEN}\f{PICTURE}")
    return path


@pytest.fixture(scope="module", autouse=True)
def nursery() -> None:
    """Processes are forked from one that has only imported, which saves seconds each."""
    FORKS.set_forkserver_preload(
        [
            "tests.crash.crashing",
            "chromadb.api.client",
            "kb.adapters.sql.database",
            "kb.adapters.sql.fulltext",
            "kb.answering.chain",
            "kb.adapters.chat_models",
        ]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(package_root()))
        assert run(Path(), "never", "nothing") == 0


@contextmanager
def reopened(home: Path) -> Iterator[App]:
    """The App with the readers that the killed process had."""
    with opened(home) as app:
        crashing.use_fakes(app)
        yield app


def run(home: Path, point: str, action: str, *arguments: object) -> int:
    """The exit status of a process that was killed, or was not."""
    process = FORKS.Process(
        target=crashing.main, args=(home, point, action, [str(one) for one in arguments])
    )
    process.start()
    process.join()
    status = process.exitcode
    process.close()
    assert status in (0, -signal.SIGKILL)
    return status


def killed(home: Path, point: str, action: str, *arguments: object) -> None:
    assert run(home, point, action, *arguments) == -signal.SIGKILL


def documents(app: App) -> list[Document]:
    base = app.workspace().knowledge_bases.first()
    return [listed.document for listed in app.workspace().documents.listed(base.id)]


def seen(app: App) -> list[str]:
    return sorted(found(app.workspace(), app.workspace().knowledge_bases.first().id, BRIDGE))


def assert_nothing_is_half_visible(app: App) -> None:
    """What is found is what the records say is findable, each passage once."""
    findable = [d for d in documents(app) if d.state in FINDABLE]
    assert len(seen(app)) == len(set(seen(app))) == sum(d.passage_count for d in findable)


def assert_whole(app: App, texts: list[str]) -> None:
    """Records, indexes and files agree, and exactly these texts are found, each once."""
    assert all(difference.agrees for difference in app.indexes.check())
    assert seen(app) == sorted(texts)
    ready = [d for d in documents(app) if d.state is DocumentState.READY]
    assert ready == documents(app)
    assert sum(d.passage_count for d in ready) == len(texts)
    with app.records.reading() as view:
        assert app.files.all() == view.documents.contents()
    assert list((app.settings.home / "files" / DRAFTS).iterdir()) == []


@pytest.mark.parametrize("point", ADDING)
def test_a_document_whose_adding_was_killed_is_there_whole_or_not_at_all(
    home: Path, garden: Path, point: str
) -> None:
    killed(home, point, "add", garden)
    with reopened(home) as app:
        # Before anything is mended or gone on with: by its words, or not to be seen.
        assert_nothing_is_half_visible(app)
        app.indexes.mend()
        work_off(app)
        texts = {1: [HARBOUR], 2: [HARBOUR, GARDEN, SCANNED]}
        assert_whole(app, texts[len(documents(app))])
        workspace = app.workspace()
        base = workspace.knowledge_bases.first()
        take_in(app, workspace, base.id, garden.name, garden.read_text())
        assert_whole(app, texts[2])


def commits(home: Path, tmp_path: Path, *action: object) -> Iterator[Path]:
    """Data folders whose process was killed just before each change that the action makes."""
    for number in range(1, MOST_COMMITS):
        copy = tmp_path / f"killed {number}"
        shutil.copytree(home, copy)
        if run(copy, f"commit {number}", *map(str, action)) == 0:
            assert number > 1
            return
        yield copy
        shutil.rmtree(copy)
    raise AssertionError("It never ended.")


def test_killed_before_any_change_a_document_is_added_whole_afterwards(
    home: Path, garden: Path, tmp_path: Path
) -> None:
    for copy in commits(home, tmp_path, "add", garden):
        with reopened(copy) as app:
            assert_nothing_is_half_visible(app)
            app.indexes.mend()
            work_off(app)
            texts = {1: [HARBOUR], 2: [HARBOUR, GARDEN, SCANNED]}
            assert_whole(app, texts[len(documents(app))])


def test_killed_before_any_change_one_version_is_found_and_never_both_or_neither(
    home: Path, tmp_path: Path
) -> None:
    new = tmp_path / "harbour.txt"
    new.write_text(f"{PICTURE}\f{PICTURE}\f{GARDEN}")
    for copy in commits(home, tmp_path, "add", new):
        with reopened(copy) as app:
            assert seen(app) in ([HARBOUR], [GARDEN], sorted([GARDEN, SCANNED]))
            assert_nothing_is_half_visible(app)
            app.indexes.mend()
            work_off(app)
            is_added = seen(app) != [HARBOUR]
            assert_whole(app, [GARDEN, SCANNED] if is_added else [HARBOUR])


def test_a_file_cut_off_in_its_midst_leaves_nothing(home: Path) -> None:
    killed(home, "never", "add cut")
    assert list((home / "files" / DRAFTS).iterdir()) != []
    with reopened(home) as app:
        app.indexes.mend()
        assert_whole(app, [HARBOUR])


@pytest.mark.parametrize(
    "point",
    ["before vectors are indexed", "after vectors are indexed", "before vectors are deleted"],
)
def test_a_new_version_and_the_old_one_are_never_both_there(
    home: Path, tmp_path: Path, point: str
) -> None:
    new = tmp_path / "harbour.txt"
    new.write_text(GARDEN)
    killed(home, point, "add", new)
    with reopened(home) as app:
        assert seen(app) == [GARDEN]
        app.indexes.mend()
        work_off(app)
        assert_whole(app, [GARDEN])


@pytest.mark.parametrize("point", ["before vectors are deleted", "after vectors are deleted"])
def test_a_document_whose_removal_was_killed_is_whole_or_gone(home: Path, point: str) -> None:
    killed(home, point, "remove", "harbour.txt")
    with reopened(home) as app:
        left = seen(app)
        assert left in ([], [HARBOUR])
        app.indexes.mend()
        assert_whole(app, left)


def test_a_document_whose_removal_was_killed_once_its_file_went_is_gone(home: Path) -> None:
    killed(home, "after the file is deleted", "remove", "harbour.txt")
    with reopened(home) as app:
        assert seen(app) == []
        app.indexes.mend()
        assert_whole(app, [])


def test_a_knowledge_base_whose_deletion_was_killed_is_gone(home: Path) -> None:
    killed(home, "before the collection is dropped", "delete")
    with reopened(home) as app:
        app.indexes.mend()
        assert app.vectors.collections() == set()
        assert_whole(app, [])


def test_a_file_that_ended_the_process_three_times_fails_and_the_queue_goes_on(
    home: Path, garden: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.txt"
    good.write_text("The good oak bridge was built in autumn.")
    killed(home, "before the file is read", "add", garden, good)
    killed(home, "before the file is read", "go on")
    killed(home, "before the file is read", "go on")
    assert run(home, "before the file is read", "go on") == 0
    with reopened(home) as app:
        bad, ready, _ = documents(app)
        assert bad.state is DocumentState.FAILED
        assert bad.error == (
            "bad garden.txt: Quire was ended three times while it took this file in. "
            "Retry it, or remove it."
        )
        assert (ready.name, ready.state) == ("good.txt", DocumentState.READY)
        assert seen(app) == sorted([HARBOUR, good.read_text()])
        app.workspace().jobs.retry([bad.id])
        work_off(app)
        assert_whole(app, [HARBOUR, GARDEN, SCANNED, good.read_text()])


def test_settings_are_as_before_when_their_saving_was_killed(home: Path) -> None:
    save_setting(home, "chat_model", "tiny")
    killed(home, "never", "save", "large")
    assert load_settings({}, home=home).chat_model == "tiny"
    save_setting(home, "chat_model", "large")
    assert load_settings({}, home=home).chat_model == "large"


def test_what_the_command_line_called_ready_before_it_was_killed_is_ready(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.txt").write_text(f"The bridge number {number} was built.")
    command = [sys.executable, "-m", "tests.crash.crashing", str(home), "never", "command"]
    with subprocess.Popen(
        [*command, "add", str(folder), "--json"], cwd=package_root(), stdout=subprocess.PIPE
    ) as adding:
        assert adding.stdout
        told = [json.loads(adding.stdout.readline()) for _ in range(4)]
        adding.kill()
    assert [one["status"] for one in told] == ["ready"] * 4
    with reopened(home) as app:
        app.indexes.mend()
        work_off(app)
        ready = {d.name for d in documents(app) if d.state is DocumentState.READY}
        assert {one["document"] for one in told} <= ready
        assert len(ready) == len(documents(app))
        assert all(difference.agrees for difference in app.indexes.check())


def test_lost_and_damaged_indexes_are_made_anew_without_being_asked(home: Path) -> None:
    with reopened(home) as app:
        base = app.workspace().knowledge_bases.first()
        app.vectors.drop(base.id, documents_space(app))
        with app.records.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM words_{base.id}")
        (difference,) = app.indexes.check()
        assert (difference.missing_vectors, difference.words_agree) == (1, False)
        app.indexes.mend()
        assert_whole(app, [HARBOUR])
    (home / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 1000)
    with reopened(home) as app:
        app.indexes.mend()
        assert_whole(app, [HARBOUR])


def documents_space(app: App) -> EmbeddingSpaceId:
    space_id = app.workspace().knowledge_bases.first().embedding_space_id
    assert space_id
    return space_id
