"""A row per public method of every service, and what becomes of it for each of the cast.

Alice owns the knowledge base, Bob and Charlie have their own, Gwen is a guest without any.
"""

import inspect
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from kb.bootstrap import App
from kb.domain.access import Actor, Scope
from kb.domain.conversations import Conversation, Message
from kb.domain.documents import Document, KnowledgeBase
from kb.domain.errors import NotAllowedError, NotFoundError
from kb.domain.retrieval import Query, Ranking, Strictness
from kb.domain.sources import Source
from kb.domain.transcripts import ExportFormat
from kb.ports import FetchedPage
from kb.services.workspace import Workspace
from tests.open_apps import ALICE, BOB, CHARLIE, GWEN, opened, take_in, work_off

SECRET = "basalt"
TEXT = f"The harbour bridge was built of {SECRET} in winter."
QUESTION = "harbour bridge built winter"
ADDRESS = "https://pages.invalid/one"

MAY, HIDDEN, FORBIDDEN = None, NotFoundError, NotAllowedError
Outcome = type[NotFoundError] | type[NotAllowedError] | None


@dataclass(frozen=True)
class Things:
    """What belongs to Alice."""

    base: KnowledgeBase
    older: Document
    document: Document
    conversation: Conversation
    question: Message
    answer: Message
    source: Source


@dataclass(frozen=True)
class Row:
    """A call, and what becomes of it for Bob and Charlie, and for Gwen. Alice may always."""

    call: Callable[[Workspace, Things], Any]
    others: Outcome = HIDDEN
    guest: Outcome = HIDDEN


def found(base: KnowledgeBase) -> Ranking:
    """Nothing was found there."""
    return Ranking(query=Query(text=QUESTION, scope=Scope(knowledge_base_id=base.id)), hits=())


class OnePage:
    """The same page at every address."""

    def fetch(self, url: str, follow: Callable[[str], bool] = lambda _: True) -> FetchedPage:
        """That page."""
        return FetchedPage(url=url, content=b"<p>Something on the web.</p>")


def file() -> io.BytesIO:
    return io.BytesIO(b"Something else.")


ROWS = {
    "knowledge_bases.all": Row(lambda w, t: w.knowledge_bases.all(), MAY, MAY),
    "knowledge_bases.get": Row(lambda w, t: w.knowledge_bases.get(t.base.id)),
    "knowledge_bases.named": Row(lambda w, t: w.knowledge_bases.named(t.base.name)),
    "knowledge_bases.first": Row(lambda w, t: w.knowledge_bases.first(), MAY, FORBIDDEN),
    "knowledge_bases.create": Row(lambda w, t: w.knowledge_bases.create("New"), MAY, FORBIDDEN),
    "knowledge_bases.rename": Row(lambda w, t: w.knowledge_bases.rename(t.base.id, "Mine")),
    "knowledge_bases.delete": Row(lambda w, t: w.knowledge_bases.delete(t.base.id)),
    "documents.add": Row(lambda w, t: w.documents.add(t.base.id, "x.txt", file())),
    "documents.listed": Row(lambda w, t: w.documents.listed(t.base.id)),
    "documents.get": Row(lambda w, t: w.documents.get(t.document.id)),
    "documents.with_work": Row(lambda w, t: w.documents.with_work(t.document.id)),
    "documents.page": Row(lambda w, t: w.documents.page(t.document.id, 1)),
    "documents.passages": Row(lambda w, t: w.documents.passages(t.document.id)),
    "documents.questions": Row(lambda w, t: w.documents.questions(t.document.id)),
    "documents.original": Row(lambda w, t: w.documents.original(t.document.id)),
    "documents.picture": Row(lambda w, t: w.documents.picture(t.document.id, 1)),
    "documents.add_to": Row(lambda w, t: w.documents.add_to(t.document.id, t.base.id)),
    "documents.pages": Row(lambda w, t: w.documents.pages(t.document.id)),
    "documents.found_inside": Row(lambda w, t: w.documents.found_inside(t.document.id)),
    "documents.remove": Row(lambda w, t: w.documents.remove(t.document.id)),
    "versions.of": Row(lambda w, t: w.versions.of(t.document.id)),
    "versions.changes": Row(lambda w, t: w.versions.changes(t.document.id)),
    "versions.restore": Row(lambda w, t: w.versions.restore(t.older.id)),
    "jobs.cancel": Row(lambda w, t: w.jobs.cancel([t.document.id])),
    "jobs.pause": Row(lambda w, t: w.jobs.pause([t.document.id])),
    "jobs.resume": Row(lambda w, t: w.jobs.resume([t.document.id])),
    "jobs.retry": Row(lambda w, t: w.jobs.retry([t.document.id])),
    # Whether pages may be fetched is no secret; to allow it is the host's choice.
    "sources.may_fetch": Row(lambda w, t: w.sources.may_fetch(), MAY, MAY),
    "sources.switch_web": Row(lambda w, t: w.sources.switch_web(on=True), FORBIDDEN, FORBIDDEN),
    "sources.of": Row(lambda w, t: w.sources.of(t.base.id)),
    "sources.watch": Row(lambda w, t: w.sources.watch(t.base.id, str(Path(__file__).parent))),
    "sources.add_site": Row(lambda w, t: w.sources.add_site(t.base.id, ADDRESS, 1)),
    "sources.add_page": Row(lambda w, t: w.sources.add_page(t.base.id, ADDRESS)),
    "sources.stop": Row(lambda w, t: w.sources.stop(t.source.id)),
    "sources.resume": Row(lambda w, t: w.sources.resume(t.source.id)),
    "sources.remove": Row(lambda w, t: w.sources.remove(t.source.id)),
    "answers.search": Row(lambda w, t: w.answers.search(t.base.id, QUESTION)),
    "answers.find": Row(lambda w, t: w.answers.find(t.base.id, SECRET)),
    "answers.judged": Row(lambda w, t: w.answers.judged(found(t.base))),
    "answers.checked": Row(lambda w, t: w.answers.checked(QUESTION, [SECRET]), MAY, MAY),
    "answers.checking_trouble": Row(lambda w, t: w.answers.checking_trouble(), MAY, MAY),
    "answers.error_rates": Row(lambda w, t: w.answers.error_rates(Strictness.STRICT), MAY, MAY),
    "answers.set_strictness": Row(
        lambda w, t: w.answers.set_strictness(Strictness.STRICT), FORBIDDEN, FORBIDDEN
    ),
    "answers.ask": Row(lambda w, t: w.answers.ask(t.base.id, QUESTION)),
    "conversations.recent": Row(lambda w, t: w.conversations.recent(t.base.id)),
    "conversations.create": Row(lambda w, t: w.conversations.create(t.base.id)),
    "conversations.get": Row(lambda w, t: w.conversations.get(t.conversation.id)),
    "conversations.messages": Row(lambda w, t: w.conversations.messages(t.conversation.id)),
    "conversations.export": Row(
        lambda w, t: w.conversations.export(t.conversation.id, ExportFormat.MARKDOWN)
    ),
    "conversations.rename": Row(lambda w, t: w.conversations.rename(t.conversation.id, "Mine")),
    "conversations.delete": Row(lambda w, t: w.conversations.delete(t.conversation.id)),
    "conversations.ask": Row(lambda w, t: w.conversations.ask(t.conversation.id, QUESTION, "2")),
    "conversations.edit": Row(
        lambda w, t: w.conversations.edit(t.conversation.id, t.question.id, QUESTION, "2")
    ),
    "conversations.regenerate": Row(
        lambda w, t: w.conversations.regenerate(t.conversation.id, t.answer.id, "2")
    ),
    "conversations.branches": Row(lambda w, t: w.conversations.branches(t.conversation.id)),
    "conversations.show": Row(lambda w, t: w.conversations.show(t.conversation.id, t.answer.id)),
    "conversations.draft": Row(lambda w, t: w.conversations.draft(t.conversation.id, t.answer.id)),
    "conversations.stop": Row(lambda w, t: w.conversations.stop(t.conversation.id, t.answer.id)),
    "conversations.receipt": Row(
        lambda w, t: w.conversations.receipt(t.conversation.id, t.answer.id)
    ),
    "conversations.thoughts": Row(
        lambda w, t: w.conversations.thoughts(t.conversation.id, t.answer.id)
    ),
    "conversations.replay": Row(lambda w, t: w.conversations.replay(t.answer.id)),
    "conversations.rate": Row(
        lambda w, t: w.conversations.rate(t.conversation.id, t.answer.id, helpful=True)
    ),
    "conversations.wait": Row(
        lambda w, t: w.conversations.wait(t.conversation.id, t.answer.id, 30)
    ),
    # What models there are is no secret; which one is used is the host's choice.
    "models.status": Row(lambda w, t: w.models.status(), MAY, MAY),
    "models.choices": Row(lambda w, t: w.models.choices(w.models.status()), MAY, MAY),
    "models.current": Row(lambda w, t: w.models.current(w.models.status()), MAY, MAY),
    "models.set_thinking": Row(lambda w, t: w.models.set_thinking(True), FORBIDDEN, FORBIDDEN),
    "models.choose": Row(lambda w, t: w.models.choose("quotes"), FORBIDDEN, FORBIDDEN),
    "models.pull": Row(lambda w, t: w.models.pull("small:1b"), FORBIDDEN, FORBIDDEN),
    "models.last_pull": Row(lambda w, t: w.models.last_pull(), FORBIDDEN, FORBIDDEN),
    "models.cancel_pull": Row(lambda w, t: w.models.cancel_pull(), FORBIDDEN, FORBIDDEN),
    "models.forget_pull": Row(lambda w, t: w.models.forget_pull(), FORBIDDEN, FORBIDDEN),
    "models.delete": Row(lambda w, t: w.models.delete("small:1b"), FORBIDDEN, FORBIDDEN),
    "models.chat_model": Row(lambda w, t: w.models.chat_model("quotes"), MAY, MAY),
    "models.embedding_space": Row(lambda w, t: w.models.embedding_space(), MAY, MAY),
    "models.wants_other_embedding_model": Row(
        lambda w, t: w.models.wants_other_embedding_model(t.base.id)
    ),
    "models.reranking_model": Row(lambda w, t: w.models.reranking_model(), MAY, MAY),
    "models.checking_model": Row(lambda w, t: w.models.checking_model(), MAY, MAY),
}


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with opened(tmp_path_factory.mktemp("home")) as app:
        app.web_fetching, app.web_pages = True, OnePage()
        yield app


@pytest.fixture
def things(shared_app: App) -> Things:
    """Made anew for each test, since some are deleted."""
    alice = shared_app.workspace(ALICE)
    for old in alice.knowledge_bases.all():
        alice.knowledge_bases.delete(old.id)
    base = alice.knowledge_bases.create(f"About {SECRET}")
    older = take_in(shared_app, alice, base.id, "harbour.txt", f"{TEXT} Once.")
    document = take_in(shared_app, alice, base.id, "harbour.txt", TEXT)
    conversation = alice.conversations.create(base.id)
    answer_id = alice.conversations.ask(conversation.id, QUESTION, "1")
    answer = alice.conversations.wait(conversation.id, answer_id, 30)
    question = alice.conversations.messages(conversation.id)[0]
    source = alice.sources.watch(base.id, str(Path(__file__).parent.parent))
    return Things(base, older, document, conversation, question, answer, source)


def outcome(call: Callable[[Workspace, Things], Any], workspace: Workspace, things: Things) -> Any:
    """What the call gives; a stream is read to its end."""
    given = call(workspace, things)
    return list(given) if isinstance(given, Iterator) else given


@pytest.mark.parametrize("method", ROWS)
def test_only_those_who_may_can_call(shared_app: App, things: Things, method: str) -> None:
    row = ROWS[method]
    people: list[tuple[Actor, Outcome]] = [
        (BOB, row.others),
        (CHARLIE, row.others),
        (GWEN, row.guest),
    ]
    for person, expected in people:
        workspace = shared_app.workspace(person)
        for base in workspace.knowledge_bases.all():
            workspace.knowledge_bases.delete(base.id)
        if expected is MAY:
            assert SECRET not in repr(outcome(row.call, workspace, things))
        else:
            with pytest.raises(expected) as caught:
                row.call(workspace, things)
            if method != "knowledge_bases.named":
                assert SECRET not in str(caught.value)
    untouched(shared_app, things)
    outcome(row.call, shared_app.workspace(ALICE), things)
    work_off(shared_app)


def untouched(app: App, things: Things) -> None:
    alice = app.workspace(ALICE)
    (base,) = alice.knowledge_bases.all()
    assert base.name == things.base.name
    assert [one.document for one in alice.documents.listed(base.id)] == [things.document]
    assert [one.title for one in alice.conversations.recent(base.id)] == [QUESTION]
    assert len(alice.conversations.messages(things.conversation.id)) == 2
    assert alice.sources.of(base.id) == [things.source]


def test_every_public_method_of_a_service_has_a_row() -> None:
    services = get_type_hints(Workspace)
    del services["access"]
    assert services.keys() == {field.name for field in fields(Workspace)} - {"access"}
    methods = {
        f"{name}.{method}"
        for name, service in services.items()
        for method, _ in inspect.getmembers(service, inspect.isfunction)
        if not method.startswith("_")
    }
    assert methods == set(ROWS)
