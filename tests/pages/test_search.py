"""The search page: three ways to search, what was found, and the page it opens."""

from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from tests.fake_reranker import MissingReranker
from tests.open_apps import take_in
from tests.pages.conftest import OpenPage
from tests.pages.reading import blocks, read, runs, told

LEASE = "# Lease\n\nThe notice period is long. A Notice\nPeriod <b>ends</b>.\n"


def with_documents(app: App) -> None:
    workspace = app.workspace()
    base = workspace.knowledge_bases.first()
    take_in(app, workspace, base.id, "lease.md", LEASE)
    take_in(app, workspace, base.id, "ducks.txt", "Ducks take notice of bread.")


def searched(page: AppTest, text: str, way: str) -> AppTest:
    page.segmented_control(key="search-way").set_value(way)
    page.text_input(key="search-text").set_value(text).run()
    assert not page.exception
    return page


def test_an_empty_knowledge_base_says_so(open_page: OpenPage) -> None:
    assert "There is nothing to search yet" in told(open_page("search"))


def test_exact_search_lists_and_counts_every_place_under_its_document(
    app: App, open_page: OpenPage
) -> None:
    with_documents(app)
    page = searched(open_page("search"), '"notice period"', "exact")
    assert "2 places in 1 document" in told(page)
    assert [run["text"] for run in runs(page) if run.get("mark")] == [
        "notice period",
        "Notice Period",
    ]
    assert [block["runs"][0]["text"] for block in blocks(page) if block["kind"] == "heading"] == [
        "lease.md"
    ]


def test_a_ranked_search_says_that_the_reranker_does_not_load(
    app: App, open_page: OpenPage
) -> None:
    with_documents(app)
    app.reranker = MissingReranker()
    page = searched(open_page("search"), "bread", "ranked")
    assert "The reranker nowhere could not be loaded" in told(page)


def test_the_address_holds_the_search_and_opens_it_again(app: App, open_page: OpenPage) -> None:
    with_documents(app)
    page = searched(open_page("search"), "bread", "exact")
    assert page.query_params["q"] == "bread"
    assert page.query_params["by"] == "exact"
    again = open_page("search", q="bread", by="exact")
    assert again.text_input(key="search-text").value == "bread"
    assert "1 place in 1 document" in told(again)


def test_a_place_opens_its_passage_with_its_own_words_marked(app: App, open_page: OpenPage) -> None:
    with_documents(app)
    page = searched(open_page("search"), '"notice period"', "exact")
    second = [block for block in blocks(page) if block["kind"] == "place"][1]["open"]
    opened = open_page("search", q='"notice period"', by="exact", evidence=second)
    passage = next(block for block in blocks(opened) if block["kind"] == "passage")
    marked = [number for number, run in enumerate(passage["runs"]) if run.get("mark")]
    assert [passage["runs"][number]["text"] for number in marked] == ["Notice\nPeriod"]
    assert "notice period is long" in passage["runs"][0]["text"]


def test_a_place_that_is_gone_is_said_to_be(app: App, open_page: OpenPage) -> None:
    with_documents(app)
    for target in ("t.gone.0.4", "t.gone.x.y", "t.gone"):
        assert "no longer there" in told(open_page("search", evidence=target))


def test_a_regular_expression_finds_its_matches_and_a_bad_one_is_told(
    app: App, open_page: OpenPage
) -> None:
    with_documents(app)
    page = searched(open_page("search"), r"notice\s+\w+", "regex")
    assert "3 places in 2 documents" in told(page)
    assert "This regular expression cannot be used" in page.text_input(key="search-text").set_value(
        "("
    ).run().error[0].value.replace("\\", "")
    assert "Nothing matches" in told(searched(page, "zebra", "regex"))


def test_ranked_search_lists_the_best_passages(app: App, open_page: OpenPage) -> None:
    with_documents(app)
    page = searched(open_page("search"), "what do ducks eat", "ranked")
    assert blocks(page)[0]["label"] == "ducks.txt"


def test_what_no_page_says_is_told_with_a_way_out(app: App, open_page: OpenPage) -> None:
    with_documents(app)
    page = searched(open_page("search"), "zebra", "exact")
    assert "No page says this. Ranked finds" in told(page)
    assert not read(page)


def test_more_places_are_shown_when_asked_for(app: App, open_page: OpenPage) -> None:
    workspace = app.workspace()
    take_in(app, workspace, workspace.knowledge_bases.first().id, "a.txt", "stone. " * 120)
    page = searched(open_page("search"), "stone", "exact")
    assert "120 places in 1 document" in told(page)
    for shown in (50, 100, 120):
        assert len([block for block in blocks(page) if block["kind"] == "place"]) == shown
        if shown < 120:
            page.button(key="search-more").click().run()
    assert not [button for button in page.button if button.key == "search-more"]
