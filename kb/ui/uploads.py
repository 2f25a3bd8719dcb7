"""Takes files from the browser into a knowledge base."""

from collections.abc import Sequence
from typing import BinaryIO, cast

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from kb.domain.documents import KnowledgeBaseId
from kb.domain.errors import QuireError
from kb.ui import session
from kb.ui.text import counted

KINDS = "PDF, Word, Markdown, HTML and text"


def field(base_id: KnowledgeBaseId, key: str, *, label: str = "Add documents") -> None:
    """A place to drop files, emptied once they are stored so that their memory is let go."""
    turn = session.remembered(session.UPLOADS, 0)
    files = st.file_uploader(
        label, accept_multiple_files=True, key=f"{key}-{turn}", help=f"{KINDS}. They stay here."
    )
    if files:
        take(base_id, files)
        session.remember(session.UPLOADS, turn + 1)
        st.rerun()


def take(base_id: KnowledgeBaseId, files: Sequence[UploadedFile]) -> None:
    """Store the files; each that cannot be taken gets its sentence, the others go on."""
    added = 0
    with st.spinner(f"Storing {counted(len(files), 'file')}"):
        for file in files:
            try:
                taken = session.workspace().documents.add(base_id, file.name, cast(BinaryIO, file))
            except QuireError as error:
                session.notice(str(error))
                continue
            added += not taken.duplicate
            if taken.duplicate:
                there = taken.document.name
                name = "" if there == file.name else f" as {there}"
                session.notice(f"{file.name} is already there{name}.")
    if added:
        session.notice(f"{counted(added, 'document')} added. Reading begins now.")
