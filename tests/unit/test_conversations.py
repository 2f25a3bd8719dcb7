"""Conversations: asking, stopping, versions, and what is kept of it all."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from kb.bootstrap import App
from kb.domain.conversations import (
    QUOTES,
    Conversation,
    Draft,
    Message,
    MessageId,
    MessageState,
    Role,
    Support,
)
from kb.domain.documents import KnowledgeBase
from kb.domain.errors import (
    InvalidInputError,
    ModelMissingError,
    ModelUnreachableError,
    NotFoundError,
)
from kb.services.workspace import Workspace
from tests.fake_models import FakeChatModel, FakeModelServer, PausingModel
from tests.open_apps import ALICE, opened, take_in

HARBOUR = "The harbour basalt bridge was built in winter. Its basalt came from Iceland by ship."
GARDEN = "The garden larch bridge was built in spring."
BRIDGE = "Which bridge was built of what?"
LONG_SECONDS = 30


@pytest.fixture
def workspace(app: App) -> Workspace:
    return app.workspace(ALICE)


@pytest.fixture
def base(app: App, workspace: Workspace) -> KnowledgeBase:
    base = workspace.knowledge_bases.create("Bridges")
    take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
    return base


@pytest.fixture
def conversation(workspace: Workspace, base: KnowledgeBase) -> Conversation:
    return workspace.conversations.create(base.id)


def written_by(app: App, model: FakeChatModel) -> None:
    assert isinstance(app.model_server, FakeModelServer)
    app.model_server.model, app.chat_model = model, model.name


def answers(app: App, *pieces: str) -> FakeChatModel:
    """Let a fake model write the answers from now on."""
    model = FakeChatModel(pieces=pieces)
    written_by(app, model)
    return model


def pausing(app: App, *pieces: str, at: int = 1) -> PausingModel:
    """The same, by one that waits before a piece."""
    model = PausingModel(*pieces, at=at)
    written_by(app, model)
    return model


def under_way(
    app: App, workspace: Workspace, conversation: Conversation, *pieces: str, at: int = 1
) -> tuple[PausingModel, MessageId]:
    """An answer whose model waits before a piece, and that model."""
    model = pausing(app, *pieces, at=at)
    id = workspace.conversations.ask(conversation.id, BRIDGE, "1")
    assert model.waits.wait(LONG_SECONDS)
    return model, id


def asked(
    workspace: Workspace, conversation: Conversation, question: str = BRIDGE, request: str = "1"
) -> Message:
    """The answer to a question, whole."""
    id = workspace.conversations.ask(conversation.id, question, request)
    return workspace.conversations.wait(conversation.id, id, LONG_SECONDS)


def last(workspace: Workspace, conversation: Conversation) -> Message:
    return workspace.conversations.messages(conversation.id)[-1]


def draft_when(
    workspace: Workspace, conversation: Conversation, id: MessageId, is_so: Callable[[Draft], bool]
) -> Draft:
    until = monotonic() + LONG_SECONDS
    while monotonic() < until:
        draft = workspace.conversations.draft(conversation.id, id)
        if draft and is_so(draft):
            return draft
        sleep(0.01)
    raise AssertionError("it was never so")


class TestAsking:
    def test_an_answer_is_kept_with_its_question_citations_claims_and_title(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        answers(app, "Its basalt came ", "from Iceland by ship [1]. Dragons guard gold.")
        asked(workspace, conversation)
        question, answer = workspace.conversations.messages(conversation.id)
        assert (question.role, question.content) == (Role.USER, BRIDGE)
        assert (answer.role, answer.state) == (Role.ASSISTANT, MessageState.COMPLETE)
        assert (answer.parent_id, answer.model) == (question.id, "fake")
        assert answer.prompt_tokens == 12
        (citation,) = answer.citations
        first = "Its basalt came from Iceland by ship [1]."
        assert (citation.document_name, citation.claim.text) == ("harbour.txt", first)
        assert [(each.claim.text, each.support) for each in answer.claims] == [
            (first, Support.SUPPORTED),
            ("Dragons guard gold.", Support.UNSUPPORTED),
        ]
        assert workspace.conversations.get(conversation.id).title == BRIDGE

    def test_the_same_request_is_answered_once(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model = answers(app, "Basalt [1].")
        first = asked(workspace, conversation, request="same")
        assert workspace.conversations.ask(conversation.id, BRIDGE, "same") == first.id
        assert len(workspace.conversations.messages(conversation.id)) == 2
        assert len(model.asked) == 1

    def test_the_history_goes_into_the_next_question(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model = answers(app, "It was built of basalt [1].")
        asked(workspace, conversation, request="1")
        asked(workspace, conversation, "And basalt from Iceland by ship?", request="2")
        said = [content for _, content in model.asked[1]]
        assert BRIDGE in said
        assert any(turn.startswith("It was built of basalt") for turn in said)
        assert "And basalt from Iceland by ship?" in said[-1]

    def test_a_question_the_documents_do_not_answer_is_refused_with_a_reason(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model = answers(app, "Never said.")
        refused = asked(workspace, conversation, "Photosynthesis chlorophyll?")
        assert refused.refused
        assert refused.content.startswith("Your documents do not seem to answer this.")
        assert not model.asked

    def test_an_empty_or_endless_question_is_refused_and_not_kept(
        self, workspace: Workspace, conversation: Conversation
    ) -> None:
        for question in (" \n", "x" * 32_001):
            with pytest.raises(InvalidInputError):
                workspace.conversations.ask(conversation.id, question, "1")
        assert workspace.conversations.messages(conversation.id) == []

    def test_a_question_with_bytes_that_are_no_text_is_still_answered(
        self, workspace: Workspace, conversation: Conversation
    ) -> None:
        assert "basalt" in asked(workspace, conversation, f"{BRIDGE} \udcff").content

    def test_a_failed_answer_keeps_its_text_and_says_why(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model = answers(app, "It was built of basalt [1]. ")
        model.trouble = ModelUnreachableError("Ollama went away.", advice="Start it.")
        failed = asked(workspace, conversation)
        assert failed.state is MessageState.FAILED
        assert failed.error == "Ollama went away. Start it."
        assert failed.content == "It was built of basalt [1]. "

    def test_a_question_to_a_model_that_is_gone_is_kept_with_the_reason(
        self, app: App, conversation: Conversation
    ) -> None:
        gone = ModelMissingError("llama is not installed.", advice="Choose another one.")
        app.model_server = FakeModelServer(absence=gone)
        conversations = app.workspace(ALICE).conversations
        id = conversations.ask(conversation.id, BRIDGE, "1", model="llama")
        answer = conversations.wait(conversation.id, id, LONG_SECONDS)
        assert conversations.messages(conversation.id)[0].content == BRIDGE
        assert (answer.state, answer.model) == (MessageState.FAILED, "llama")
        assert answer.error == "llama is not installed. Choose another one."


class TestWhileItIsWritten:
    def test_its_draft_tells_what_was_found_and_said(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model, id = under_way(app, workspace, conversation, "It was built ", "of basalt [1].")
        draft = draft_when(workspace, conversation, id, lambda draft: bool(draft.text))
        assert (draft.model, draft.text) == ("fake", "It was built ")
        assert [hit.document.name for hit in draft.hits] == ["harbour.txt"]
        assert last(workspace, conversation).state is MessageState.STREAMING
        model.go_on.set()
        assert workspace.conversations.wait(conversation.id, id, LONG_SECONDS).content == (
            "It was built of basalt [1]."
        )
        assert workspace.conversations.draft(conversation.id, id) is None

    def test_answers_by_a_model_wait_for_each_other_and_see_their_place(
        self, app: App, workspace: Workspace, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        model = pausing(app, "One [1]. ", "Two [1].")
        others = [workspace.conversations.create(base.id) for _ in range(2)]
        workspace.conversations.ask(conversation.id, BRIDGE, "1")
        assert model.waits.wait(LONG_SECONDS)
        second = workspace.conversations.ask(others[0].id, BRIDGE, "1")
        draft_when(workspace, others[0], second, lambda draft: draft.ahead == 1)
        third = workspace.conversations.ask(others[1].id, BRIDGE, "1")
        draft_when(workspace, others[1], third, lambda draft: draft.ahead == 2)
        assert len(model.asked) == 1
        workspace.conversations.stop(others[0].id, second)
        draft_when(workspace, others[1], third, lambda draft: draft.ahead == 1)
        model.go_on.set()
        assert workspace.conversations.wait(others[1].id, third, LONG_SECONDS).content
        assert len(model.asked) == 2

    def test_an_answer_of_quotes_waits_for_nobody(
        self, app: App, workspace: Workspace, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        under_way(app, workspace, conversation, "One [1]. ", at=0)
        other = workspace.conversations.create(base.id)
        id = workspace.conversations.ask(other.id, BRIDGE, "1", model=QUOTES)
        quoted = workspace.conversations.wait(other.id, id, LONG_SECONDS)
        assert (quoted.state, quoted.model) == (MessageState.COMPLETE, QUOTES)

    def test_stopping_keeps_what_was_said(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        _, id = under_way(
            app, workspace, conversation, "It was built of basalt [1]. ", "Never said."
        )
        workspace.conversations.stop(conversation.id, id)
        stopped = last(workspace, conversation)
        assert stopped.state is MessageState.STOPPED
        assert stopped.content == "It was built of basalt [1]. "

    def test_it_is_stopped_while_its_model_has_said_nothing_yet(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        _, id = under_way(app, workspace, conversation, "Never said.", at=0)
        workspace.conversations.stop(conversation.id, id)
        assert last(workspace, conversation).state is MessageState.STOPPED

    def test_a_document_removed_meanwhile_is_not_in_the_kept_answer(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model, id = under_way(
            app,
            workspace,
            conversation,
            "It was built of basalt [1]. ",
            "The basalt came by ship [1].",
        )
        (harbour,) = workspace.documents.listed(conversation.knowledge_base_id)
        workspace.documents.remove(harbour.document.id)
        model.go_on.set()
        kept = workspace.conversations.wait(conversation.id, id, LONG_SECONDS)
        assert kept.state is MessageState.COMPLETE
        assert "basalt" not in repr(kept)

    def test_a_document_removed_after_it_was_stopped_is_not_in_the_kept_answer(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        _, id = under_way(
            app, workspace, conversation, "Its basalt came from Iceland [1]. ", "Never said."
        )
        workspace.conversations.stop(conversation.id, id)
        assert "basalt" in last(workspace, conversation).content
        (harbour,) = workspace.documents.listed(conversation.knowledge_base_id)
        workspace.documents.remove(harbour.document.id)
        assert "basalt" not in repr(workspace.conversations.messages(conversation.id))

    @pytest.mark.parametrize("whole", ["conversation", "knowledge base"])
    def test_it_ends_without_an_error_where_all_around_it_is_deleted(
        self, app: App, workspace: Workspace, conversation: Conversation, whole: str
    ) -> None:
        model, id = under_way(
            app, workspace, conversation, "It was built of basalt [1]. ", "By ship [1]."
        )
        if whole == "conversation":
            workspace.conversations.delete(conversation.id)
        else:
            workspace.knowledge_bases.delete(conversation.knowledge_base_id)
        model.go_on.set()
        assert app.generations.wait(id, LONG_SECONDS)
        with pytest.raises(NotFoundError):
            workspace.conversations.messages(conversation.id)

    def test_closing_the_app_keeps_what_was_said_as_stopped(self, tmp_path: Path) -> None:
        with opened(tmp_path / "home") as app:
            workspace = app.workspace(ALICE)
            base = workspace.knowledge_bases.first()
            take_in(app, workspace, base.id, "harbour.txt", HARBOUR)
            conversation = workspace.conversations.create(base.id)
            model = pausing(app, "It was built of basalt [1]. ", "Never said.")
            workspace.conversations.ask(conversation.id, BRIDGE, "1")
            assert model.waits.wait(LONG_SECONDS)
            app.close()
            with opened(tmp_path / "home") as again:
                kept = last(again.workspace(ALICE), conversation)
        assert (kept.state, kept.content) == (
            MessageState.STOPPED,
            "It was built of basalt [1]. ",
        )

    def test_one_that_a_crash_cut_off_is_shown_as_stopped_after_the_restart(
        self, tmp_path: Path
    ) -> None:
        with opened(tmp_path / "home") as app:
            workspace = app.workspace(ALICE)
            conversation = workspace.conversations.create(workspace.knowledge_bases.first().id)
            answer = asked(workspace, conversation)
            with app.records.writing() as records:
                records.conversations.save_message(
                    Message(
                        id=answer.id,
                        conversation_id=conversation.id,
                        role=answer.role,
                        content="It was",
                        state=MessageState.STREAMING,
                        created_at=answer.created_at,
                    )
                )
            app.close()
            with opened(tmp_path / "home") as again:
                kept = last(again.workspace(ALICE), conversation)
        assert (kept.state, kept.content) == (MessageState.STOPPED, "It was")

    def test_one_that_waits_for_its_turn_leaves_the_queue_when_it_is_deleted(
        self, app: App, workspace: Workspace, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        model, _ = under_way(app, workspace, conversation, "One [1]. ", at=0)
        other = workspace.conversations.create(base.id)
        id = workspace.conversations.ask(other.id, BRIDGE, "1")
        draft_when(workspace, other, id, lambda draft: draft.ahead == 1)
        workspace.conversations.delete(other.id)
        assert app.generations.wait(id, LONG_SECONDS)
        assert len(model.asked) == 1

    def test_half_a_character_from_a_model_is_kept_as_a_sign_for_it(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        answers(app, "It was built of basalt [1] \ud83d.")
        answer = asked(workspace, conversation)
        assert (answer.state, answer.content) == (
            MessageState.COMPLETE,
            "It was built of basalt [1] ?.",
        )

    def test_a_stopped_answer_is_bound_also_where_its_mark_had_not_come(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        _, id = under_way(
            app, workspace, conversation, "Its basalt came from Iceland by ship. ", "Never said."
        )
        workspace.conversations.stop(conversation.id, id)
        assert last(workspace, conversation).citations
        (harbour,) = workspace.documents.listed(conversation.knowledge_base_id)
        workspace.documents.remove(harbour.document.id)
        assert "Iceland" not in repr(workspace.conversations.messages(conversation.id))


class TestVersions:
    def test_answering_again_keeps_both_and_shows_the_newer(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        answers(app, "It was built of basalt [1].")
        first = asked(workspace, conversation)
        answers(app, "It came from Iceland [1].")
        second = workspace.conversations.regenerate(conversation.id, first.id, "2")
        workspace.conversations.wait(conversation.id, second, LONG_SECONDS)
        question, shown = workspace.conversations.messages(conversation.id)
        assert (shown.id, shown.parent_id) == (second, question.id)
        branches = workspace.conversations.branches(conversation.id)
        assert branches.versions_of(second) == [first.id, second]
        workspace.conversations.show(conversation.id, first.id)
        assert last(workspace, conversation) == first

    def test_an_edited_question_begins_a_branch_and_the_old_one_stays(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        model = answers(app, "It was built of basalt [1].")
        asked(workspace, conversation, request="1")
        asked(workspace, conversation, "And its basalt?", request="2")
        first, _, second, _ = workspace.conversations.messages(conversation.id)
        id = workspace.conversations.edit(
            conversation.id, second.id, "And basalt from Iceland by ship?", "3"
        )
        workspace.conversations.wait(conversation.id, id, LONG_SECONDS)
        said = [message.content for message in workspace.conversations.messages(conversation.id)]
        assert (said[0], said[2], len(said)) == (
            first.content,
            "And basalt from Iceland by ship?",
            4,
        )
        assert len(model.asked) == 3
        assert not any("And its basalt?" in text for _, text in model.asked[-1])
        workspace.conversations.show(conversation.id, second.id)
        shown = workspace.conversations.messages(conversation.id)
        assert (shown[2].id, len(shown)) == (second.id, 4)

    def test_editing_the_first_question_begins_the_conversation_anew(
        self, workspace: Workspace, conversation: Conversation
    ) -> None:
        first = asked(workspace, conversation)
        question = workspace.conversations.messages(conversation.id)[0]
        id = workspace.conversations.edit(conversation.id, question.id, "What is of basalt?", "2")
        workspace.conversations.wait(conversation.id, id, LONG_SECONDS)
        assert [m.id for m in workspace.conversations.messages(conversation.id)][-1] == id
        branches = workspace.conversations.branches(conversation.id)
        assert len(branches.versions_of(question.id)) == 2
        assert first.id in dict(branches.links)

    def test_answering_again_asks_the_same_documents(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        base_id = conversation.knowledge_base_id
        garden = take_in(app, workspace, base_id, "garden.txt", GARDEN)
        id = workspace.conversations.ask(conversation.id, BRIDGE, "1", document_ids=[garden.id])
        first = workspace.conversations.wait(conversation.id, id, LONG_SECONDS)
        again = workspace.conversations.regenerate(conversation.id, first.id, "2")
        for answer in (first, workspace.conversations.wait(conversation.id, again, LONG_SECONDS)):
            assert {citation.document_name for citation in answer.citations} == {"garden.txt"}

    def test_a_message_of_another_conversation_cannot_be_touched(
        self, workspace: Workspace, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        answer = asked(workspace, conversation)
        question = workspace.conversations.messages(conversation.id)[0]
        other = workspace.conversations.create(base.id)
        for act in (
            lambda: workspace.conversations.regenerate(other.id, answer.id, "2"),
            lambda: workspace.conversations.edit(other.id, question.id, BRIDGE, "2"),
            lambda: workspace.conversations.edit(conversation.id, answer.id, BRIDGE, "2"),
            lambda: workspace.conversations.show(other.id, answer.id),
            lambda: workspace.conversations.stop(other.id, answer.id),
        ):
            with pytest.raises(NotFoundError):
                act()
        assert workspace.conversations.messages(other.id) == []


class TestWhatIsKeptOfIt:
    def test_an_answer_keeps_what_it_was_made_from(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        answers(app, "It was built of basalt [1].")
        answer = asked(workspace, conversation)
        receipt = workspace.conversations.receipt(conversation.id, answer.id)
        assert receipt is not None
        assert [(p.document_name, p.rank, p.sent) for p in receipt.passages] == [
            ("harbour.txt", 1, True)
        ]
        assert receipt.budget is not None
        assert receipt.settings["strictness"] == "balanced"
        question = workspace.conversations.messages(conversation.id)[0]
        assert workspace.conversations.receipt(conversation.id, question.id) is None

    def test_a_removed_document_leaves_the_receipts(
        self, workspace: Workspace, conversation: Conversation
    ) -> None:
        answer = asked(workspace, conversation)
        (harbour,) = workspace.documents.listed(conversation.knowledge_base_id)
        workspace.documents.remove(harbour.document.id)
        receipt = workspace.conversations.receipt(conversation.id, answer.id)
        assert receipt is not None
        assert receipt.passages == ()

    def test_a_replay_answers_once_more_and_tells_what_differs(
        self, app: App, workspace: Workspace, conversation: Conversation
    ) -> None:
        answers(app, "It was built of basalt [1].")
        answer = asked(workspace, conversation)
        same = workspace.conversations.replay(answer.id)
        assert (same.before, same.now, same.differences) == (answer.content, answer.content, ())
        take_in(app, workspace, conversation.knowledge_base_id, "garden.txt", GARDEN)
        other = workspace.conversations.replay(answer.id)
        assert other.differences == ("passages (1 of 1 the same)", "prompt")
        assert workspace.conversations.messages(conversation.id)[1:] == [answer]
        question = workspace.conversations.messages(conversation.id)[0]
        with pytest.raises(InvalidInputError):
            workspace.conversations.replay(question.id)

    def test_what_the_person_says_of_an_answer_is_kept_and_taken_back(
        self, workspace: Workspace, conversation: Conversation
    ) -> None:
        answer = asked(workspace, conversation)
        rate = workspace.conversations.rate
        rate(conversation.id, answer.id, helpful=False, remark=" Wrong page. " + "x" * 5000)
        rated = last(workspace, conversation)
        assert rated.helpful is False
        assert rated.remark.startswith("Wrong page. x")
        assert len(rated.remark) == 2000
        rate(conversation.id, answer.id, helpful=None)
        assert last(workspace, conversation) == answer
        question = workspace.conversations.messages(conversation.id)[0]
        with pytest.raises(NotFoundError):
            rate(conversation.id, question.id, helpful=True)


class TestTheList:
    def test_conversations_are_listed_renamed_and_deleted(
        self, workspace: Workspace, base: KnowledgeBase, conversation: Conversation
    ) -> None:
        other = workspace.conversations.create(base.id)
        asked(workspace, conversation)
        assert [c.id for c in workspace.conversations.recent(base.id)] == [
            conversation.id,
            other.id,
        ]
        workspace.conversations.rename(other.id, "  Law \n" + "x" * 100)
        assert workspace.conversations.get(other.id).title == "Law " + "x" * 55 + "…"
        with pytest.raises(InvalidInputError):
            workspace.conversations.rename(other.id, " ")
        workspace.conversations.delete(conversation.id)
        assert [c.id for c in workspace.conversations.recent(base.id)] == [other.id]
        with pytest.raises(NotFoundError):
            workspace.conversations.messages(conversation.id)
