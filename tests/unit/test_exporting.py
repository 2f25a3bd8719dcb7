"""Exports through the service and the command line."""

import json
from pathlib import Path

import pytest

from kb.bootstrap import App
from kb.cli.main import main
from kb.domain.conversations import Conversation, ConversationId, MessageId
from kb.domain.errors import InvalidInputError, NotFoundError
from kb.domain.transcripts import ExportFormat
from kb.services.workspace import Workspace
from tests.fake_embedder import FakeEmbedder
from tests.open_apps import opened, take_in

HARBOUR = "The harbour bridge was built of basalt in winter."
GARDEN = "The garden bridge was built of larch in summer."


def talked(app: App) -> tuple[Workspace, Conversation]:
    """Two questions, answered by quotes."""
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
    take_in(app, workspace, base.id, "garden.txt", GARDEN)
    conversation = workspace.conversations.create(base.id)
    for request, question in enumerate(("harbour bridge basalt", "garden bridge larch")):
        answer = workspace.conversations.ask(conversation.id, question, str(request))
        workspace.conversations.wait(conversation.id, answer, 30)
    return workspace, workspace.conversations.get(conversation.id)


def markdown(workspace: Workspace, id: ConversationId, message: MessageId | None = None) -> str:
    return workspace.conversations.export(id, ExportFormat.MARKDOWN, message).data.decode()


def test_a_conversation_is_exported_whole(app: App) -> None:
    workspace, conversation = talked(app)
    exported = workspace.conversations.export(conversation.id, ExportFormat.MARKDOWN)
    assert (exported.name, exported.media_type) == ("harbour bridge basalt.md", "text/markdown")
    text = exported.data.decode()
    assert text.startswith("# harbour bridge basalt\n")
    assert text.index("> harbour bridge basalt") < text.index("basalt in winter")
    assert text.index("basalt in winter") < text.index("> garden bridge larch")
    assert "**harbour.txt**" in text
    assert "> “The garden bridge was built of larch in summer.”" in text


@pytest.mark.parametrize(
    ("format", "begins"), [(ExportFormat.WORD, b"PK\x03\x04"), (ExportFormat.PDF, b"%PDF-")]
)
def test_word_and_pdf_are_files_of_their_kind(
    app: App, format: ExportFormat, begins: bytes
) -> None:
    workspace, conversation = talked(app)
    exported = workspace.conversations.export(conversation.id, format)
    assert exported.data.startswith(begins)
    assert exported.name == f"harbour bridge basalt.{format}"


def test_one_answer_comes_with_its_question_only(app: App) -> None:
    workspace, conversation = talked(app)
    second = workspace.conversations.messages(conversation.id)[-1]
    text = markdown(workspace, conversation.id, second.id)
    assert "> garden bridge larch" in text
    assert "> harbour bridge basalt" not in text


def test_a_removed_document_leaves_nothing_of_it_in_an_export(app: App) -> None:
    workspace, conversation = talked(app)
    base = workspace.knowledge_bases.first()
    for each in workspace.documents.listed(base.id):
        if each.document.name == "garden.txt":
            workspace.documents.remove(each.document.id)
    text = markdown(workspace, conversation.id)
    assert "larch in summer" not in text
    assert "A sentence from a removed document stood here." in text


def test_a_replaced_document_is_said_to_be_replaced(app: App) -> None:
    workspace, conversation = talked(app)
    take_in(app, workspace, workspace.knowledge_bases.first().id, "garden.txt", f"{GARDEN} New.")
    assert "From a replaced version of garden.txt" in markdown(workspace, conversation.id)


def test_what_documents_say_differently_is_exported(app: App) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    for year, days in ((2021, 25), (2024, 29)):
        told = f"Full-time staff have {days} days of paid leave a year."
        take_in(app, workspace, base.id, f"policy {year}.txt", told)
    conversation = workspace.conversations.create(base.id)
    question = "How many days of paid leave do full-time staff have?"
    answer = workspace.conversations.ask(conversation.id, question, "request")
    workspace.conversations.wait(conversation.id, answer, 30)
    line = "policy 2024.txt (newest, 2024) says 29 days; policy 2021.txt (2021) says 25 days."
    assert line in markdown(workspace, conversation.id)


def test_an_empty_conversation_and_a_foreign_message_are_refused(app: App) -> None:
    workspace, conversation = talked(app)
    empty = workspace.conversations.create(conversation.knowledge_base_id)
    with pytest.raises(InvalidInputError, match="Nothing has been said"):
        markdown(workspace, empty.id)
    with pytest.raises(NotFoundError):
        markdown(workspace, conversation.id, MessageId("elsewhere"))


class TestCommandLine:
    """`conversations` and `export`."""

    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        with opened(tmp_path / "home") as app:
            talked(app)
        monkeypatch.chdir(tmp_path)
        return tmp_path / "home"

    def run(self, home: Path, *arguments: str) -> int:
        return main(["--home", str(home), *arguments], embedder=FakeEmbedder())

    def listed(self, home: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
        """The conversation's id and its last message's."""
        capsys.readouterr()
        assert self.run(home, "conversations", "--json") == 0
        (told,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert told["title"] == "harbour bridge basalt"
        return {"id": told["id"], "last": told["messages"][-1]["id"]}

    def test_conversations_are_listed(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        id = self.listed(home, capsys)["id"]
        assert self.run(home, "conversations") == 0
        told = capsys.readouterr().out
        assert told.startswith(id)
        assert "harbour bridge basalt" in told

    def test_a_file_is_written_under_the_title_and_never_over_another(
        self, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        id = self.listed(home, capsys)["id"]
        assert self.run(home, "export", id, "--format", "md") == 0
        written = Path("harbour bridge basalt.md")
        assert "> garden bridge larch" in written.read_text(encoding="utf-8")
        assert self.run(home, "export", id, "--format", "md") == 1
        assert "exists already" in capsys.readouterr().err

    def test_one_answer_is_written_where_it_is_told(
        self, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = self.listed(home, capsys)
        given = ["export", told["id"], "--format", "pdf", "--message", told["last"]]
        for _ in range(2):
            assert self.run(home, *given, "--out", "one.pdf") == 0
        assert Path("one.pdf").read_bytes().startswith(b"%PDF-")
        assert not list(Path().glob("*.part"))

    def test_a_place_that_is_not_there_is_told(
        self, home: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        id = self.listed(home, capsys)["id"]
        assert self.run(home, "export", id, "--format", "md", "--out", "no/where.md") == 1
        assert "could not be written" in capsys.readouterr().err
