"""The services over real records and indexes, with fakes for the models."""

import io
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.bootstrap import App
from kb.domain.access import Actor, ActorKind
from kb.domain.conversations import (
    Conversation,
    Message,
)
from kb.domain.documents import DocumentState, KnowledgeBase
from kb.domain.errors import (
    DiskFullError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from kb.services.workspace import Workspace
from tests.fake_embedder import FakeEmbedder
from tests.fake_models import FakeChatModel, FakeModelServer
from tests.open_apps import ALICE, found, opened, take_in, work_off

HARBOUR = "The harbour basalt bridge was built in winter. Its basalt came from Iceland by ship."
GARDEN = "The garden bridge was built of larch wood. Larch stands in water for ninety years."
BRIDGE = "Which bridge was built of what?"


@pytest.fixture
def workspace(app: App) -> Workspace:
    return app.workspace(ALICE)


@pytest.fixture
def base(workspace: Workspace) -> KnowledgeBase:
    return workspace.knowledge_bases.create("Bridges")


def answers(app: App, *pieces: str) -> FakeChatModel:
    """Let a fake model write the answers from now on."""
    model = FakeChatModel(pieces=pieces)
    assert isinstance(app.model_server, FakeModelServer)
    app.model_server.model, app.chat_model = model, model.name
    return model


def asked(
    workspace: Workspace, conversation: Conversation, question: str = BRIDGE, request: str = "1"
) -> Message:
    """The answer to a question, whole."""
    id = workspace.conversations.ask(conversation.id, question, request)
    return workspace.conversations.wait(conversation.id, id, 30)


def everything_kept(app: App) -> str:
    """All that the record store holds, as one text."""
    with sqlite3.connect(app.settings.home / "quire.sqlite") as connection:
        dumped = "\n".join(connection.iterdump())
    connection.close()
    return dumped


class TestDocuments:
    def test_a_document_is_found_once_it_is_ready(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        added = workspace.documents.add(base.id, "harbour.txt", io.BytesIO(HARBOUR.encode()))
        assert added.document.state is DocumentState.QUEUED
        assert found(workspace, base.id, BRIDGE) == []
        work_off(app)
        document = workspace.documents.get(added.document.id)
        assert (document.state, document.passage_count) == (DocumentState.READY, 1)
        assert found(workspace, base.id, BRIDGE) == [HARBOUR]

    def test_a_waiting_file_of_a_type_we_cannot_read_does_not_keep_its_content_out(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        workspace.documents.add(base.id, "harbour.xyz", io.BytesIO(HARBOUR.encode()))
        added = workspace.documents.add(base.id, "harbour.txt", io.BytesIO(HARBOUR.encode()))
        assert not added.duplicate
        work_off(app)
        assert workspace.documents.get(added.document.id).state is DocumentState.READY

    def test_each_empty_file_of_an_upload_gets_its_own_sentence(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        for name in ("one.txt", "two.txt"):
            workspace.documents.add(base.id, name, io.BytesIO(b""))
        work_off(app)
        errors = [each.document.error for each in workspace.documents.listed(base.id)]
        assert [error.split(":")[0] for error in errors] == ["one.txt", "two.txt"]

    def test_the_same_content_under_two_names_is_read_once(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        first = workspace.documents.add(base.id, "harbour.txt", io.BytesIO(HARBOUR.encode()))
        again = workspace.documents.add(base.id, "copy.TXT", io.BytesIO(HARBOUR.encode()))
        assert again.duplicate
        assert again.document.id == first.document.id

    def test_removing_a_document_leaves_nothing_of_it(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        harbour = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        take_in(app, workspace, base.id, "garden.txt", GARDEN)
        conversation = workspace.conversations.create(base.id)
        assert "basalt" in asked(workspace, conversation).content
        file = workspace.documents.original(harbour.id)
        assert file.is_file()

        workspace.documents.remove(harbour.id)

        assert not file.exists()
        assert found(workspace, base.id, "basalt Iceland ship bridge") == [GARDEN]
        with pytest.raises(NotFoundError):
            workspace.documents.get(harbour.id)
        after = workspace.conversations.messages(conversation.id)[-1]
        assert "basalt" not in repr(after)
        assert "larch" in after.content
        assert "basalt" not in everything_kept(app)
        assert all(difference.agrees for difference in app.indexes.check())

    def test_a_document_that_could_not_be_removed_is_found_as_before(
        self,
        app: App,
        workspace: Workspace,
        base: KnowledgeBase,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def full(*_: object) -> None:
            raise DiskFullError("The disk is full.")

        harbour = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        monkeypatch.setattr("kb.services.documents.remove_whole", full)
        with pytest.raises(DiskFullError):
            workspace.documents.remove(harbour.id)
        assert all(difference.agrees for difference in app.indexes.check())
        assert workspace.documents.original(harbour.id).is_file()
        assert workspace.answers.search(base.id, BRIDGE).hits

    def test_a_document_removed_while_it_is_taken_in_stays_away(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        added = workspace.documents.add(base.id, "harbour.txt", io.BytesIO(HARBOUR.encode()))
        workspace.documents.remove(added.document.id)
        work_off(app)
        assert workspace.documents.listed(base.id) == []
        assert found(workspace, base.id, BRIDGE) == []

    def test_a_new_version_takes_the_old_ones_place(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        old = take_in(app, workspace, base.id, "bridge.txt", HARBOUR)
        added = workspace.documents.add(base.id, "bridge.txt", io.BytesIO(GARDEN.encode()))
        assert found(workspace, base.id, BRIDGE) == [HARBOUR]
        assert workspace.answers.search(base.id, BRIDGE, document_names=["bridge.txt"]).hits
        work_off(app)
        assert found(workspace, base.id, BRIDGE) == [GARDEN]
        (listed,) = workspace.documents.listed(base.id)
        assert (listed.document.id, listed.document.version) == (added.document.id, 2)
        assert workspace.documents.get(old.id).state is DocumentState.SUPERSEDED
        assert all(difference.agrees for difference in app.indexes.check())

    def test_a_new_version_that_cannot_be_read_leaves_the_old_one(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        take_in(app, workspace, base.id, "bridge.txt", HARBOUR)
        assert take_in(app, workspace, base.id, "bridge.txt", "").state is DocumentState.FAILED
        assert found(workspace, base.id, BRIDGE) == [HARBOUR]

    def test_the_same_content_is_a_duplicate_under_any_name(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        first = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        again = workspace.documents.add(base.id, "copy.txt", io.BytesIO(HARBOUR.encode()))
        assert again.duplicate
        assert again.document == first
        assert len(workspace.documents.listed(base.id)) == 1

    def test_content_that_two_knowledge_bases_share_outlives_one_of_them(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        other = workspace.knowledge_bases.create("Others")
        mine = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        take_in(app, workspace, other.id, "harbour.txt", HARBOUR)
        workspace.documents.remove(mine.id)
        assert app.files.path(mine.content_sha256).is_file()
        assert found(workspace, base.id, BRIDGE) == []
        assert found(workspace, other.id, BRIDGE) == [HARBOUR]

    def test_a_failed_file_is_read_anew_when_it_comes_under_a_readable_name(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        wrong = take_in(app, workspace, base.id, "bridge.docx", HARBOUR)
        assert wrong.state is DocumentState.FAILED
        right = take_in(app, workspace, base.id, "bridge.txt", HARBOUR)
        assert right.state is DocumentState.READY

    def test_a_retry_takes_a_failed_document_in_again(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        failed = take_in(app, workspace, base.id, "empty.txt", "")
        assert failed.error == "empty.txt: The file is empty."
        app.files.path(failed.content_sha256).write_text(HARBOUR)
        workspace.jobs.retry([failed.id])
        work_off(app)
        assert workspace.documents.get(failed.id).state is DocumentState.READY

    def test_an_old_version_is_not_retried_beside_a_newer_one(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        old = take_in(app, workspace, base.id, "harbour.docx", HARBOUR)
        take_in(app, workspace, base.id, "harbour.docx", GARDEN)
        with pytest.raises(InvalidInputError):
            workspace.jobs.retry([old.id])

    def test_a_retry_leaves_a_ready_document_alone(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        ready = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        workspace.jobs.retry([ready.id])
        assert found(workspace, base.id, BRIDGE) == [HARBOUR]
        work_off(app)
        assert workspace.documents.get(ready.id) == ready

    def test_a_name_is_kept_printable_and_bounded(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        for name, kept in (("a\nb.txt", "a�b.txt"), ("\udcff.txt", "�.txt"), (" c.txt ", "c.txt")):
            content = io.BytesIO(f"{HARBOUR} {kept}".encode())
            assert workspace.documents.add(base.id, name, content).document.name == kept
        long = workspace.documents.add(base.id, "x" * 600 + ".txt", io.BytesIO(b"long"))
        assert long.document.name == "x" * 496 + ".txt"
        with pytest.raises(InvalidInputError):
            workspace.documents.add(base.id, "  ", io.BytesIO(b"nameless"))

    def test_another_embedding_model_is_refused_and_nothing_is_lost(self, tmp_path: Path) -> None:
        with opened(tmp_path / "home") as app:
            base = app.workspace(ALICE).knowledge_bases.create("Bridges")
            take_in(app, app.workspace(ALICE), base.id, "harbour.txt", HARBOUR)
        with opened(tmp_path / "home", FakeEmbedder("other")) as app:
            failed = take_in(app, app.workspace(ALICE), base.id, "garden.txt", GARDEN)
            assert failed.state is DocumentState.FAILED
            assert failed.error.startswith("garden.txt: The knowledge base Bridges was embedded")
        with opened(tmp_path / "home") as app:
            assert found(app.workspace(ALICE), base.id, BRIDGE) == [HARBOUR]


class TestKnowledgeBases:
    def test_there_is_always_a_first_one(self, workspace: Workspace) -> None:
        first = workspace.knowledge_bases.first()
        assert first.name == "My documents"
        assert workspace.knowledge_bases.first() == first

    def test_pages_that_come_at_once_share_the_first_base(
        self, app: App, workspace: Workspace
    ) -> None:
        together = threading.Barrier(4)

        def first(_: int) -> str:
            together.wait()
            return workspace.knowledge_bases.first().id

        with ThreadPoolExecutor(4) as pages:
            assert len(set(pages.map(first, range(4)))) == 1

    def test_names_are_tidied_bounded_and_taken_once(self, workspace: Workspace) -> None:
        bases = workspace.knowledge_bases
        law = bases.create("  Law \n and order ")
        assert law.name == "Law and order"
        for name in ("Law and order", "  ", "x" * 81):
            with pytest.raises(InvalidInputError):
                bases.create(name)
        other = bases.create("Other")
        with pytest.raises(InvalidInputError):
            bases.rename(other.id, "Law and order")
        bases.rename(law.id, "Law and order")
        bases.rename(other.id, "Else")
        assert [base.name for base in bases.all()] == ["Law and order", "Else"]
        assert bases.named("Else").id == other.id
        with pytest.raises(NotFoundError):
            bases.named("Other")

    def test_deleting_one_leaves_nothing_of_it(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        other = workspace.knowledge_bases.create("Others")
        take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        take_in(app, workspace, other.id, "garden.txt", GARDEN)
        workspace.documents.add(base.id, "waiting.txt", io.BytesIO(b"waiting"))
        conversation = workspace.conversations.create(base.id)
        asked(workspace, conversation)

        workspace.knowledge_bases.delete(base.id)

        work_off(app)
        assert "basalt" not in everything_kept(app)
        assert len(app.files.all()) == 1
        assert {id for id, _ in app.indexes.vectors.collections()} == {other.id}
        with pytest.raises(NotFoundError):
            workspace.conversations.messages(conversation.id)
        with pytest.raises(NotFoundError):
            workspace.answers.search(base.id, BRIDGE)
        assert found(workspace, other.id, BRIDGE) == [GARDEN]


class TestModels:
    def test_a_chosen_model_is_taken_without_asking_the_server(
        self, app: App, workspace: Workspace
    ) -> None:
        server = FakeModelServer()
        app.model_server, app.chat_model = server, "quotes"
        assert app.workspace(ALICE).models.chat_model() is None
        assert server.asked == 0

    def test_without_a_choice_the_first_installed_model_writes_else_quotes(self, app: App) -> None:
        app.chat_model = ""
        models = app.workspace(ALICE).models
        assert models.current(models.status()) == "quotes"
        assert models.chat_model() is None
        app.model_server = FakeModelServer(model=FakeChatModel(name="tiny"))
        models = app.workspace(ALICE).models
        assert models.choices(models.status()) == ["tiny", "quotes"]
        chosen = models.chat_model()
        assert chosen is not None
        assert chosen.name == "tiny"

    def test_a_choice_outlives_the_process(self, tmp_path: Path) -> None:
        from kb.settings import load_settings

        with opened(tmp_path / "home") as app:
            app.workspace(ALICE).models.choose("tiny")
            assert app.workspace(ALICE).models.chosen() == "tiny"
        assert load_settings({}, home=tmp_path / "home").chat_model == "tiny"


class TestAccess:
    def test_who_comes_by_a_guest_link_looks_and_asks_but_changes_nothing(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        document = take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        guest = app.workspace(Actor(id=ALICE.id, kind=ActorKind.GUEST))
        assert found(guest, base.id, BRIDGE) == [HARBOUR]
        assert guest.documents.get(document.id) == document
        with pytest.raises(NotAllowedError):
            guest.documents.remove(document.id)
        with pytest.raises(NotAllowedError):
            guest.documents.add(base.id, "x.txt", io.BytesIO(b"x"))
        with pytest.raises(NotAllowedError):
            guest.knowledge_bases.rename(base.id, "Mine")

    def test_documents_of_another_knowledge_base_named_in_a_scope_are_not_found(
        self, app: App, workspace: Workspace, base: KnowledgeBase
    ) -> None:
        other = workspace.knowledge_bases.create("Others")
        take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
        garden = take_in(app, workspace, other.id, "garden.txt", GARDEN)
        conversation = workspace.conversations.create(base.id)
        id = workspace.conversations.ask(conversation.id, BRIDGE, "1", document_ids=[garden.id])
        assert workspace.conversations.wait(conversation.id, id, 30).refused
