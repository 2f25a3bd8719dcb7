"""What names documents, and what a question names."""

import pytest

from kb.domain.documents import DocumentId, Page, PassageId
from kb.domain.names import Names, asked_names, name_words
from kb.ingestion.naming import FEWEST_PASSAGES, names
from kb.retrieval.naming import naming, surest, with_names

A, B, C = DocumentId("a"), DocumentId("b"), DocumentId("c")
REPORT = (
    "Lumen Works and its bridges. In 2019 Lumen Works built twelve bridges of steel. "
    "See www.lumen.example for more. The bridges of Lumen are lit at night."
)


def made_page(text: str) -> Page:
    return Page(number=1, text=text)


def named(name: str, title: str = "", text: str = REPORT, *, paged: bool = True) -> set[str]:
    return set(names(name, title, [made_page(text)], paged=paged, passages=FEWEST_PASSAGES))


class TestDocuments:
    def test_a_proper_name_is_one_that_the_text_always_writes_with_a_capital(self) -> None:
        assert named("LUMEN_bridges_2019.pdf") == {"lumen", "2019"}
        assert named("x.pdf", "The Bridges of Lumen") >= {"lumen"}

    def test_a_word_that_the_text_has_once_or_not_names_nothing(self) -> None:
        assert named("report_final_2020.pdf") == {"2020"}

    def test_two_words_of_the_text_are_one_in_a_files_name(self) -> None:
        assert "lumenworks" in named("LUMENWORKS_2019.pdf")

    def test_years_and_quarters_are_told_apart(self) -> None:
        assert named("LUMEN_2023Q2_10Q.pdf") == {"lumen", "2023", "2023q2", "q2", "10q"}

    def test_numbers_that_are_no_years_name_nothing(self) -> None:
        assert named("lumen-07-4711.pdf") == {"lumen"}

    def test_a_period_is_looked_for_on_the_first_page_where_the_name_has_no_year(self) -> None:
        text = f"Annual report for the fiscal year ended December 31, 2018\n{REPORT}"
        assert "2018" in named("lumen.pdf", text=text)
        assert "2018" not in named("lumen_2017.pdf", text=text)
        assert "2018" not in named("lumen.md", text=text, paged=False)

    def test_a_short_document_has_no_names(self) -> None:
        assert not names(
            "LUMEN.pdf", "", [made_page(REPORT)], paged=True, passages=FEWEST_PASSAGES - 1
        )


class TestQuestions:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("What did Lumen build in FY2018?", {"lumen", "build", "2018", "fy", "fy2018"}),
            ("Q2 2023", {"q2", "2023"}),
            ("the of and", set()),
        ],
    )
    def test_years_are_words_of_their_own(self, text: str, expected: set[str]) -> None:
        assert name_words(text) == expected

    def test_pairs_of_words_are_asked_for_as_one(self) -> None:
        assert "lumenworks" in asked_names("what did lumen works build")


def known(**bearers: set[DocumentId]) -> Names:
    """Among 20 documents of 1,000 passages; a word but `often` stands in 10 of them."""
    return Names(
        bearers={word.strip("_"): frozenset(ids) for word, ids in bearers.items()},
        holding={word: 900 if word == "often" else 10 for word in bearers},
        documents=20,
        passages=1_000,
    )


class TestNaming:
    def test_a_name_and_a_year_are_surer_than_a_name(self) -> None:
        told = naming(known(lumen={A, B}, _2019={A, C}))
        assert 1 >= told[A] > told[B] > told[C] > 0
        assert surest(told) == [A]

    def test_a_word_that_stands_in_most_passages_names_nothing(self) -> None:
        assert naming(known(often={A})) == {}

    def test_only_what_may_be_searched_is_named(self) -> None:
        assert set(naming(known(lumen={A, B}), {B})) == {B}

    def test_documents_named_alike_are_all_looked_at(self) -> None:
        assert surest(naming(known(lumen={A, B}))) == [A, B]
        assert surest({}) == []

    def test_a_named_documents_passages_rise_and_scores_stay_within_1(self) -> None:
        one, two, lost = PassageId("one"), PassageId("two"), PassageId("lost")
        scores = with_names({one: 0.6, two: 1.0, lost: 0.1}, {one: A, two: B}, {A: 1.0}, 1.0)
        assert scores == pytest.approx({one: 0.8, two: 0.5, lost: 0.05})
