"""Questions that count or compute over a table, from the stored text to the figure."""

import io

import pytest

from kb.answering.calculations import Calculation, calculation, may_calculate
from kb.answering.tables import Table, number_of, tables_of
from kb.bootstrap import App
from kb.domain.conversations import QUOTES, Answer, Finished, Support
from kb.domain.documents import Document, KnowledgeBase, Page
from kb.services.workspace import Workspace
from tests.open_apps import ALICE, take_in, work_off
from tests.unit.makers import made_document

ORDERS = [
    ("Berlin", "open", "1200.5", "2026-03-01", "Pump, small"),
    ("Paris", "closed", "300", "2026-03-09", "Valve"),
    ("Berlin", "closed", "99.5", "2026-04-02", "Valve"),
    ("Rome", "open", "400", "2025-03-30", "Hose"),
]
CSV = "City,Status,Amount,Ordered,Item\n" + "".join(
    f'{city},{status},{amount},{day},"{item}"\n' for city, status, amount, day, item in ORDERS
)


def page(*rows: str, label: str = "Orders", number: int = 1) -> Page:
    return Page(number=number, label=label, text="Orders of the year\n\n" + "\n".join(rows))


def told(city: str, status: str, amount: str, day: str, item: str) -> str:
    return f"City: {city} | Status: {status} | Amount: {amount} | Ordered: {day} | Item: {item}"


def tables(*pages: Page, document: Document | None = None) -> list[Table]:
    made = pages or (page(*(told(*row) for row in ORDERS)),)
    return list(tables_of(document or made_document("book.xlsx"), made))


def made(question: str, of: list[Table] | None = None) -> Calculation:
    found = calculation(question, of or tables())
    assert found
    return found


@pytest.mark.parametrize(
    ("question", "figure", "rows"),
    [
        ("How many rows have status open?", "Number of rows: 2", (0, 3)),
        ("How many orders are there?", "Number of rows: 4", (0, 1, 2, 3)),
        ("What is the number of orders from Berlin?", "Number of rows: 2", (0, 2)),
        ("sum of amount for Berlin", "Sum of Amount: 1,300", (0, 2)),
        ("What is the total amount of closed orders in Paris?", "Sum of Amount: 300", (1,)),
        ("average amount", "Average of Amount: 500", (0, 1, 2, 3)),
        ("What is the highest amount?", "Highest Amount: 1,200.5", (0,)),
        ("What is the lowest amount in Berlin?", "Lowest Amount: 99.5", (2,)),
        ("How many orders in March?", "Number of rows: 3", (0, 1, 3)),
        ("How many orders in March 2026?", "Number of rows: 2", (0, 1)),
        ("Sum of amount in 2025", "Sum of Amount: 400", (3,)),
        ("How many orders have an amount over 350?", "Number of rows: 2", (0, 3)),
        ("How many orders of “Pump, small”?", "Number of rows: 1", (0,)),
        ("How many orders in Athens have an amount below 5?", "", ()),
    ],
)
def test_a_question_is_computed(question: str, figure: str, rows: tuple[int, ...]) -> None:
    found = calculation(question, tables())
    assert (found.figure if found else "", found.rows if found else ()) == (figure, rows)


@pytest.mark.parametrize(
    "question",
    [
        "How many rows are not open?",
        "How many orders are open or closed?",
        "How many orders came from Berlin and Paris?",
        "How many people live in Berlin?",
        "Sum of amount for each city",
        "Sum of amount before 2026",
        "How many cities are there?",
        "Sum of item",
        "Sum of amount and status",
        "What is the highest mountain of Rome?",
        "Who ordered the most?",
        "How many orders have an amount over one million?",
        "How many orders in March have at most two items?",
        "What is the average number of orders?",
    ],
)
def test_what_is_not_wholly_understood_is_not_computed(question: str) -> None:
    assert calculation(question, tables()) is None


def test_a_question_without_anything_to_compute_is_told_by_its_form() -> None:
    assert may_calculate("How many rows?")
    assert not may_calculate("Who lives in Berlin?")
    assert not may_calculate("How many rows " + "and so on " * 50)


def test_the_computation_is_told() -> None:
    one = made("sum of amount for Berlin in March 2026")
    assert one.over == (
        "1 of 4 rows where City is Berlin and Ordered is in March 2026, "
        "in sheet Orders of book.xlsx"
    )
    assert made("highest amount in Berlin").used == 2


def test_of_several_tables_the_named_one_is_computed() -> None:
    two = tables(
        page("Name: A | Price: 3", "Name: B | Price: 5", label="Hoses"),
        page("Name: C | Price: 70", label="Pumps", number=2),
    )
    assert calculation("sum of price", two) is None
    assert made("sum of price in sheet Pumps", two).figure == "Sum of Price: 70"


def test_a_row_called_a_total_is_left_out() -> None:
    (one,) = tables(page("Name: A | Price: 3", "Name: B | Price: 5", "Name: Total | Price: 8"))
    assert (len(one.rows), one.totals) == (2, 1)


def test_a_stretch_with_a_line_that_is_no_row_is_no_table() -> None:
    assert tables(page("Name: A | Price: 3", "alone", "Name: B | Price: 5")) == []
    assert tables(page("Name: A | unnamed")) == []
    assert tables(page("Name: A | Name: B")) == []


def test_rows_parted_by_an_empty_line_are_one_table() -> None:
    (one,) = tables(page("Name: A | Price: 3", "", "Name: B | Price: 5"))
    assert made("sum of price", [one]).figure == "Sum of Price: 8"
    assert [row.start for row in one.rows] == [20, 40]


def test_a_row_without_a_cell_counts_where_that_is_not_asked_for() -> None:
    two = tables(page("Name: A | Price: 3 | Stock: 1", "Name: B | Stock: 7"))
    assert made("average price", two).figure == "Average of Price: 3"
    assert made("average stock", two).figure == "Average of Stock: 4"


@pytest.mark.parametrize(
    ("cells", "figure"),
    [
        (("1,234.5", "2"), "Sum of Price: 1,236.5"),
        (("1.234,5", "2,5"), "Sum of Price: 1,237"),
        (("€ 5", "€7"), "Sum of Price: 12"),
        (("0.1", "0.2"), "Sum of Price: 0.3"),
        (("1,234", "2"), ""),
        (("3", "three"), ""),
    ],
)
def test_numbers_are_read_as_they_are_written_or_not_at_all(
    cells: tuple[str, str], figure: str
) -> None:
    found = calculation("sum of price", tables(page(*(f"Name: N | Price: {c}" for c in cells))))
    assert (found.figure if found else "") == figure


def test_a_number_is_all_that_its_cell_holds() -> None:
    assert number_of("-1,000.5") == -1000.5
    assert number_of("12 pumps") is None
    assert number_of("") is None


@pytest.fixture
def workspace(app: App) -> Workspace:
    return app.workspace(ALICE)


@pytest.fixture
def base(app: App, workspace: Workspace) -> KnowledgeBase:
    made = workspace.knowledge_bases.create("Sales")
    take_in(app, workspace, made.id, "orders.csv", CSV)
    take_in(app, workspace, made.id, "notes.txt", "The sum of all fears is told in Berlin.")
    return made


def answer(workspace: Workspace, base: KnowledgeBase, question: str) -> Answer:
    *_, last = workspace.answers.ask(base.id, question)
    assert isinstance(last, Finished)
    return last.answer


def test_the_answer_shows_figure_computation_and_rows_each_cited(
    workspace: Workspace, base: KnowledgeBase
) -> None:
    one = answer(workspace, base, "Sum of amount for Berlin?")
    assert one.text == (
        "Sum of Amount: 1,300 [1]\n\n"
        "Computed over 2 of 4 rows where City is Berlin, in orders.csv.\n\n"
        "The rows:\n\n"
        f"- {told(*ORDERS[0])} [1]\n"
        f"- {told(*ORDERS[2])} [1]"
    )
    assert one.model == QUOTES
    assert [one.text[c.claim.start : c.claim.end] for c in one.citations] == [
        c.claim.text for c in one.citations
    ]
    assert all(c.quote in c.text and c.support is Support.SUPPORTED for c in one.citations)


def test_only_the_first_rows_are_shown(app: App, workspace: Workspace, base: KnowledgeBase) -> None:
    rows = "".join(f"N{number},{number}\n" for number in range(1, 31))
    file = io.BytesIO(b"Name,Weight\n" + rows.encode())
    workspace.documents.add(base.id, "pumps.csv", file)
    work_off(app)
    one = answer(workspace, base, "What is the total weight of pumps?")
    assert one.text.startswith("Sum of Weight: 465 [1]")
    assert "The first 10 of the 30 rows:" in one.text
    assert one.text.count("\n- ") == 10


def test_a_question_that_no_table_accounts_for_is_answered_as_ever(
    workspace: Workspace, base: KnowledgeBase
) -> None:
    assert "Computed" not in answer(workspace, base, "What is the sum of all fears?").text
