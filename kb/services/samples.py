"""Sample documents written by us, about a company that does not exist."""

from collections.abc import Collection
from pathlib import Path

from kb.domain.documents import KnowledgeBaseId
from kb.services.documents import DocumentsService
from kb.services.recording import Added

FOLDER = Path(__file__).parent / "samples"

QUESTIONS = {
    "Larkfield handbook.pdf": "How many days of leave do I get, and can I carry them over?",
    "Travel and expenses.docx": "What can I claim for a hotel in a capital city?",
    "Workshop safety.html": "Who must be called when the laser's interlock fails?",
}
"""A question for each of these documents; the Markdown file is there to be found as well."""


def add_to(documents: DocumentsService, base_id: KnowledgeBaseId) -> list[Added]:
    """Add the samples as a person would add them."""
    added = []
    for path in sorted(path for path in FOLDER.iterdir() if path.suffix != ".py"):
        with path.open("rb") as stream:
            added.append(documents.add(base_id, path.name, stream))
    return added


def questions_about(names: Collection[str]) -> list[str]:
    """Questions that the samples among these documents answer."""
    return [question for name, question in QUESTIONS.items() if name in names]
