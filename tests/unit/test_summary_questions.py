"""Which questions want documents read whole, and which documents they mean."""

import pytest

from kb.domain.summaries import Summary, documents_meant, summary_asked_for
from tests.unit.makers import made_document

LEAVE = made_document("leave_policy_2026.pdf", title="Leave policy")
HANDBOOK = made_document("handbook.docx", title="Employee Handbook")
HEALTH = made_document("Northwind_Health_Plus_Details.pdf")
STANDARD = made_document("Northwind_Standard_Details.pdf")
SHELF = [LEAVE, HANDBOOK, HEALTH, STANDARD]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Summarise leave.pdf", "leave.pdf"),
        ("Could you please summarize the leave policy?", "the leave policy"),
        ("give me a short summary of the handbook", "the handbook"),
        ("I need an overview of leave.pdf, please", "leave.pdf"),
        ("Fass mir bitte den Vertrag.pdf kurz zusammen.", "den Vertrag.pdf"),
        ("Gib mir einen Überblick über leave.pdf", "leave.pdf"),
        ("Donne-moi un résumé de leave.pdf", "leave.pdf"),
        ("Résumez-moi le fichier leave.pdf", "le fichier leave.pdf"),
        ("Hazme un resumen de leave.pdf, por favor", "leave.pdf"),
    ],
)
def test_a_summary_of_something_named_is_asked_for(question: str, name: str) -> None:
    assert summary_asked_for(question) == Summary(name=name)


@pytest.mark.parametrize(
    "question",
    [
        "Summarise this document",
        "What is this document about?",
        "Fasse dieses Dokument zusammen!",
        "Worum geht es in diesem Dokument?",
        "Résume ce document",
        "De quoi parle ce document ?",
        "Resume este documento",
        "¿De qué trata este documento?",
    ],
)
def test_a_summary_of_the_document_in_scope_is_asked_for(question: str) -> None:
    assert summary_asked_for(question) == Summary()


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What do my documents say about parental leave?", "parental leave"),
        ("what do all of these files say on notice periods", "notice periods"),
        ("Summarise what the documents say about leave", "leave"),
        ("What is said about leave in my documents?", "leave"),
        ("Was sagen meine Dokumente über Urlaub?", "Urlaub"),
        ("Was steht in den Unterlagen zum Urlaub?", "Urlaub"),
        ("Que disent mes documents sur les congés ?", "les congés"),
        ("Qu'est-ce que ces documents disent sur les congés ?", "les congés"),
        ("¿Qué dicen mis documentos sobre vacaciones?", "vacaciones"),
    ],
)
def test_all_that_documents_say_of_a_subject_is_asked_for(question: str, subject: str) -> None:
    assert summary_asked_for(question) == Summary(every=True, subject=subject)


@pytest.mark.parametrize("question", ["Summarise all my documents", "summarize everything"])
def test_a_summary_of_all_documents_is_asked_for(question: str) -> None:
    assert summary_asked_for(question) == Summary(every=True)


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave are there?",
        "What does the written summary of a performance review contain?",
        "what wrong things Northwind Health say about what they cover?",
        "What are the key points about balance billing?",
        "Which documents say something about leave, and who signed them?",
        "Who resumes work first?",
        "",
        "Summarise " + "this very long text " * 100,
    ],
)
def test_any_other_question_is_left_to_be_answered(question: str) -> None:
    assert summary_asked_for(question) is None


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Summarise LEAVE_policy_2026.pdf", [LEAVE]),
        ("Summarise “handbook.docx”", [HANDBOOK]),
        ("Summarise the leave policies", [LEAVE]),
        ("What is the employee handbook about?", [HANDBOOK]),
        ("Summarise the Northwind details", [HEALTH, STANDARD]),
        ("Summarise the Northwind standard details", [STANDARD]),
        ("Summarise all documents", SHELF),
    ],
)
def test_a_document_is_known_by_its_name_or_title(question: str, meant: list[object]) -> None:
    wanted = summary_asked_for(question)
    assert wanted
    assert documents_meant(wanted, SHELF) == meant


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the differences between both plans",
        "Can you summarize the types of services?",
        "Give me an overview of the leave of employees in parental care",
        "What is Northwind about?",
        "What is the leave about?",
        "Summarise missing.pdf",
    ],
)
def test_what_no_document_is_called_is_no_summary(question: str) -> None:
    wanted = summary_asked_for(question)
    assert wanted
    assert documents_meant(wanted, SHELF) == []
