"""The documents of a knowledge base: add, look at, retry, remove."""

from kb.ui import document_view, documents, frame, session


def draw() -> None:
    """One document's own view where the address names one, else the list."""
    base = frame.begin("library")
    id = session.parameter(session.DOCUMENT_PARAMETER)
    if id:
        document_view.draw(id)
    else:
        documents.draw(base)


draw()
