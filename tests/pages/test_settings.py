"""The settings page tells honestly what is there."""

import sys
from subprocess import run

from kb.bootstrap import App
from kb.domain.retrieval import Strictness
from kb.settings import load_settings
from kb.ui import model_status
from kb.ui.text import plain
from tests.fake_entailment import FakeEntailment, MissingEntailment
from tests.fake_models import FakeChatModel, FakeModelServer
from tests.fake_reranker import FakeReranker, MissingReranker
from tests.open_apps import take_in
from tests.pages.conftest import OpenPage
from tests.pages.reading import told


def test_without_ollama_it_says_so_and_how_to_get_it(open_page: OpenPage) -> None:
    page = open_page("settings")
    assert "Nobody answers" in told(page)
    assert any("install.sh" in code.value for code in page.code)


def test_with_ollama_its_models_are_listed_and_one_is_chosen(app: App, open_page: OpenPage) -> None:
    app.model_server = FakeModelServer(model=FakeChatModel(name="small:1b"))
    model_status.ask_anew()
    page = open_page("settings")
    assert f"**{plain('small:1b')}**" in told(page)
    picker = next(s for s in page.selectbox if s.label == "Answers written by")
    picker.set_value("small:1b").run()
    assert app.chat_model == "small:1b"


def test_it_names_the_embedding_model_the_folder_and_the_versions(
    app: App, open_page: OpenPage
) -> None:
    page = open_page("settings")
    assert "**fake**" in told(page)
    shown = "\n".join(code.value for code in page.code)
    assert str(app.settings.home) in shown
    assert "streamlit" in shown
    assert "chromadb" in shown


def test_it_names_the_reranker_if_there_is_one(app: App, open_page: OpenPage) -> None:
    assert "puts them in order" not in told(open_page("settings"))
    app.reranker = FakeReranker(name="some_*reranker*")
    assert r"**some\_\*reranker\*** reads the best of them and puts them in order" in told(
        open_page("settings")
    )


def test_another_embedding_model_is_recommended_where_most_documents_are_not_english(
    app: App, open_page: OpenPage
) -> None:
    english = "The footbridge over the river is eighty four metres long and was built of steel."
    german = "Die Brücke über den Fluss ist vierundachtzig Meter lang und wurde aus Stahl gebaut."
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "one.txt", english)
    assert "multilingual" not in told(open_page("settings"))
    take_in(app, workspace, base.id, "zwei.txt", german)
    assert "multilingual" not in told(open_page("settings"))
    take_in(app, workspace, base.id, "drei.txt", f"{german} Sie ist für Fußgänger.")
    shown = told(open_page("settings"))
    assert "Most documents of My documents are not in English" in shown
    assert "intfloat/multilingual-e5-small" in shown


def test_it_says_that_the_reranker_does_not_load(app: App, open_page: OpenPage) -> None:
    app.reranker = MissingReranker()
    shown = told(open_page("settings"))
    assert "**fake**" in shown
    assert "The reranker nowhere could not be loaded" in shown


def test_it_names_the_checking_model_or_says_that_it_does_not_load(
    app: App, open_page: OpenPage
) -> None:
    assert "helps to check" not in told(open_page("settings"))
    app.entailment = FakeEntailment(name="some_*model*")
    page = open_page("settings")
    assert r"**some\_\*model\*** helps to check the sentences of answers" in told(page)
    app.entailment = MissingEntailment()
    shown = told(open_page("settings"))
    assert "The checking model nowhere could not be loaded" in shown
    assert "**fake**" in shown


def test_how_strictly_questions_are_refused_is_chosen_by_what_it_costs(
    app: App, open_page: OpenPage
) -> None:
    page = open_page("settings")
    choice = next(radio for radio in page.radio if radio.key == "strictness")
    assert (choice.options, choice.value) == (["Lenient", "Balanced", "Strict"], "balanced")
    rates = app.workspace().answers.error_rates(Strictness.STRICT)
    assert f"refuses {rates.rightly:.0%} of the questions without an answer" in str(choice.proto)
    choice.set_value("strict").run()
    assert app.strictness is Strictness.STRICT
    assert load_settings({}, home=app.settings.home).strictness is Strictness.STRICT


def test_the_indexes_are_compared_when_asked_to(app: App, open_page: OpenPage) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "a.txt", "Ants march in rows.")
    page = open_page("settings")
    page.button(key="check-indexes").click().run()
    assert "1 passage, all of them findable" in told(page)


def test_pages_pull_no_heavy_library() -> None:
    heavy = "{'torch', 'chromadb', 'unstructured', 'sentence_transformers', 'transformers'}"
    code = (
        "import sys; import kb.ui.chat, kb.ui.documents, kb.ui.document_view, kb.ui.first_steps, "
        "kb.ui.frame, kb.ui.installation, kb.ui.model_settings, kb.ui.progress;"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fetching_web_pages_is_off_until_it_is_switched_on(app: App, open_page: OpenPage) -> None:
    page = open_page("settings")
    assert page.toggle(key="web-fetching").value is False
    page.toggle(key="web-fetching").set_value(True).run()
    assert app.workspace().sources.may_fetch()
    assert open_page("settings").toggle(key="web-fetching").value is True
