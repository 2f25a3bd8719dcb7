"""Thoughts of thinking models: kept beside the answer, and nowhere else."""

import pytest

from kb.answering.budget import ANSWER_TOKENS
from kb.bootstrap import App
from kb.domain.conversations import LONGEST_THOUGHTS, Draft, Message, Piece, Thought, Token
from kb.domain.documents import KnowledgeBase
from kb.domain.transcripts import ExportFormat
from kb.services.workspace import Workspace
from kb.settings import load_settings
from tests.fake_models import FakeChatModel, FakeModelServer, PausingModel
from tests.open_apps import ALICE, take_in

BASALT = "The harbour bridge was built of basalt."
QUESTION = "Which bridge was built of what?"
SECRET = "Perhaps it was larch after all."
LONG_SECONDS = 30


@pytest.fixture
def workspace(app: App) -> Workspace:
    return app.workspace(ALICE)


@pytest.fixture
def base(app: App, workspace: Workspace) -> KnowledgeBase:
    base = workspace.knowledge_bases.create("Bridges")
    take_in(app, workspace, base.id, "harbour.txt", BASALT)
    return base


def written_by(app: App, model: FakeChatModel) -> FakeModelServer:
    assert isinstance(app.model_server, FakeModelServer)
    app.model_server.model, app.chat_model = model, model.name
    return app.model_server


def asked(app: App, base: KnowledgeBase, *pieces: Piece) -> Message:
    written_by(app, FakeChatModel(pieces=pieces))
    conversations = app.workspace(ALICE).conversations
    id = conversations.create(base.id).id
    return conversations.wait(id, conversations.ask(id, QUESTION, "1"), LONG_SECONDS)


def thoughts_of(workspace: Workspace, answer: Message) -> str:
    return workspace.conversations.thoughts(answer.conversation_id, answer.id)


def test_thoughts_are_kept_with_the_answer_and_not_judged(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    answer = asked(app, base, Thought(text=SECRET), Thought(text=" <b>\ud800"), f"{BASALT} [1]")
    assert answer.content == "The harbour bridge was built of basalt. [1]"
    assert answer.has_thoughts
    assert thoughts_of(workspace, answer) == f"{SECRET} <b>?"
    assert len(answer.claims) == 1


def test_an_answer_without_thoughts_has_none(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    answer = asked(app, base, f"{BASALT} [1]")
    assert not answer.has_thoughts
    assert thoughts_of(workspace, answer) == ""


def test_what_was_said_and_then_taken_back_is_thought(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    answer = asked(app, base, SECRET, Thought(text=" Or not.", retracts=True), f"{BASALT} [1]")
    assert answer.content == f"{BASALT} [1]"
    assert thoughts_of(workspace, answer) == f"{SECRET} Or not."


def test_a_stopped_answer_keeps_its_thoughts(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    model = PausingModel(Thought(text=SECRET), "The harbour", at=1)
    written_by(app, model)
    id = workspace.conversations.create(base.id).id
    answer_id = workspace.conversations.ask(id, QUESTION, "1")
    assert model.waits.wait(LONG_SECONDS)
    draft = workspace.conversations.draft(id, answer_id)
    assert draft is not None
    assert (draft.thoughts, draft.text) == (SECRET, "")
    workspace.conversations.stop(id, answer_id)
    answer = workspace.conversations.wait(id, answer_id, LONG_SECONDS)
    assert thoughts_of(workspace, answer) == SECRET


def test_thoughts_are_not_sent_back_nor_exported(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    answer = asked(app, base, Thought(text=SECRET), f"{BASALT} [1]")
    model = FakeChatModel(pieces=["Yes."])
    written_by(app, model)
    id = answer.conversation_id
    workspace.conversations.wait(
        id, workspace.conversations.ask(id, "And the harbour bridge?", "2"), LONG_SECONDS
    )
    (messages,) = model.asked
    assert any(BASALT in content for role, content in messages if role == "assistant")
    assert SECRET not in str(messages)
    told = workspace.conversations.export(id, ExportFormat.MARKDOWN).data.decode()
    assert "basalt" in told
    assert "larch" not in told


def test_thoughts_go_with_a_document_that_was_read_also_where_it_is_not_cited(
    app: App, workspace: Workspace, base: KnowledgeBase
) -> None:
    take_in(app, workspace, base.id, "garden.txt", "The garden bridge was built of larch.")
    answer = asked(app, base, Thought(text=SECRET), BASALT)
    cited = {citation.document_name for citation in answer.citations}
    other = next(
        each.document
        for each in workspace.documents.listed(base.id)
        if each.document.name not in cited
    )
    workspace.documents.remove(other.id)
    assert thoughts_of(workspace, answer) == ""
    assert not workspace.conversations.messages(answer.conversation_id)[-1].has_thoughts


def test_only_so_much_of_thoughts_is_kept() -> None:
    draft = Draft()
    for _ in range(20):
        draft = draft.saying(Thought(text="x" * 5000))
    assert len(draft.thoughts) == LONGEST_THOUGHTS
    assert draft.saying(Token(text="Yes.")).text == "Yes."


def test_models_think_only_once_a_person_wants_it_and_that_is_kept(
    app: App, base: KnowledgeBase
) -> None:
    server = written_by(app, FakeChatModel())
    models = app.workspace().models
    models.chat_model()
    asked = [server.thinks]
    models.set_thinking(True)
    models.chat_model()
    asked.append(server.thinks)
    assert asked == [False, True]
    assert load_settings({}, home=app.settings.home).thinking == "on"


def test_passages_leave_room_for_thoughts(app: App, base: KnowledgeBase) -> None:
    model = FakeChatModel(thinking_tokens=700)
    written_by(app, model)
    workspace = app.workspace(ALICE)
    id = workspace.conversations.create(base.id).id
    answer = workspace.conversations.wait(
        id, workspace.conversations.ask(id, QUESTION, "1"), LONG_SECONDS
    )
    receipt = workspace.conversations.receipt(id, answer.id)
    assert receipt is not None
    assert receipt.budget is not None
    assert receipt.budget.answer == ANSWER_TOKENS + 700
    assert receipt.budget.prompt + receipt.budget.answer <= receipt.budget.window
