"""Takes files from the browser into a knowledge base."""

from collections.abc import Sequence
from typing import BinaryIO, Literal, cast

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from kb.domain.documents import KnowledgeBaseId
from kb.domain.errors import QuireError
from kb.domain.words import counted
from kb.ingestion.detection import KINDS
from kb.ui import session
from kb.ui.text import plain

MOST_TOLD = 3
"""Sentences about files that were not taken; a folder may hold hundreds of them."""

HELP = f"{KINDS}. They stay here."


def field(
    base_id: KnowledgeBaseId, key: str, *, label: str = "Add documents", folder: bool = False
) -> None:
    """A place to drop files, emptied once they are stored so that their memory is let go."""
    turn = session.remembered(session.UPLOADS, 0)
    several: Literal[True, "directory"] = "directory" if folder else True
    files = st.file_uploader(label, accept_multiple_files=several, key=f"{key}-{turn}", help=HELP)
    if files:
        take(base_id, files)
        session.remember(session.UPLOADS, turn + 1)
        st.rerun()


def take(base_id: KnowledgeBaseId, files: Sequence[UploadedFile]) -> None:
    """Store the files; each that cannot be taken gets its sentence, the others go on."""
    added, there, troubles = 0, [], []
    bar = st.progress(0.0, text=f"Storing {counted(len(files), 'file')}")
    for number, file in enumerate(files, 1):
        try:
            taken = session.workspace().documents.add(base_id, file.name, cast(BinaryIO, file))
        except QuireError as error:
            troubles.append(str(error))
            continue
        if taken.duplicate:
            there.append((file.name, taken.document.name))
        else:
            added += 1
        bar.progress(number / len(files), text=f"Stored {plain(file.name)}")
    bar.empty()
    tell(added, there, troubles)


def tell(added: int, there: Sequence[tuple[str, str]], troubles: Sequence[str]) -> None:
    """Say what became of files: `there` are names and those of the same content."""
    if len(there) > MOST_TOLD:
        session.notice(f"{counted(len(there), 'file')} were already there.")
    else:
        for name, known in there:
            under = "" if known == name else f" as {known}"
            session.notice(f"{name} is already there{under}.")
    for sentence in troubles[:MOST_TOLD]:
        session.notice(sentence)
    if len(troubles) > MOST_TOLD:
        session.notice(f"{counted(len(troubles) - MOST_TOLD, 'more file')} could not be taken.")
    if added:
        session.notice(f"{counted(added, 'document')} added. Reading begins now.")
