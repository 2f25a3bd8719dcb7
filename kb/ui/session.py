"""What a browser session remembers, and the one way pages reach Quire.

The open knowledge base, conversation and evidence stand in the address too, so that a
reload or a bookmark returns to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from kb.domain.conversations import Conversation, ConversationId
from kb.domain.documents import KnowledgeBase, KnowledgeBaseId
from kb.domain.errors import NotFoundError, QuireError
from kb.services.indexes import Difference
from kb.services.workspace import Workspace
from kb.ui.server import process_app
from kb.ui.text import plain

# Every key of the session's own state. Keys of widgets are formed where they are drawn.
BASE = "open_knowledge_base"
CONVERSATION = "open_conversation"
EDITED = "edited"
"""The id of the question that is being written anew."""
MESSAGE_DIALOG = "message_dialog"
"""The dialog about a message that is open: (which, the message's id)."""
SCOPE = "scope"
"""The ids of the documents that questions are put to; none for all."""
UPLOADS = "uploads"
"""How many times the upload fields were emptied; part of their keys."""
NOTICES = "notices"
"""Sentences to show once, after the next drawing."""
PICKS = "picks"
"""How many times documents were picked otherwise than by their boxes; part of the boxes' keys."""
LIBRARY_PAGE = "library_page"
DIALOG = "dialog"
"""The dialog about documents that is open: (what draws it, the documents' ids)."""
PICKED = "picked"
"""The ids of the documents picked in the Library."""
CONVERSATIONS_SHOWN = "conversations_shown"
SEARCH_SHOWN = "search_shown"
"""What was searched, and how many of what was found are shown: (way, text, number)."""

# The address's parameters.
KB_PARAMETER = "kb"
CONVERSATION_PARAMETER = "c"
EVIDENCE_PARAMETER = "evidence"
DOCUMENT_PARAMETER = "document"
PAGE_PARAMETER = "page"
SEARCH_PARAMETER = "q"
WAY_PARAMETER = "by"


def workspace() -> Workspace:
    """What the person in this session can do."""
    return process_app().workspace()


def remembered(key: str, default: Any = None) -> Any:
    """A value of this session."""
    return st.session_state.get(key, default)


def remember(key: str, value: Any) -> None:
    """Keep a value for this session; None forgets it."""
    if value is None:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = value


def parameter(name: str) -> str:
    """A parameter of the address, or nothing."""
    return str(st.query_params.get(name, ""))


def set_parameter(name: str, value: str) -> None:
    """Write a parameter into the address; nothing takes it out."""
    if value and parameter(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]


def open_base() -> KnowledgeBase:
    """The knowledge base in the address, else the one last open here, else the first."""
    bases = workspace().knowledge_bases
    base = None
    for id in (parameter(KB_PARAMETER), str(remembered(BASE, ""))):
        base = base or _base(id)
    base = base or bases.first()
    if remembered(BASE) != base.id:
        remember(CONVERSATION, None)
    remember(BASE, base.id)
    set_parameter(KB_PARAMETER, base.id)
    return base


def switch_base(id: KnowledgeBaseId) -> None:
    """Open another knowledge base."""
    remember(BASE, id)
    st.query_params.from_dict({KB_PARAMETER: id})
    remember(CONVERSATION, None)


def open_conversation(base: KnowledgeBase) -> Conversation | None:
    """The conversation in the address, else the one last open here; None for a new one."""
    conversation = None
    for id in (parameter(CONVERSATION_PARAMETER), str(remembered(CONVERSATION, ""))):
        conversation = conversation or _conversation(id, base)
    remember(CONVERSATION, conversation.id if conversation else None)
    set_parameter(CONVERSATION_PARAMETER, conversation.id if conversation else "")
    return conversation


def switch_conversation(id: ConversationId | None) -> None:
    """Open another conversation; None for a new one."""
    remember(CONVERSATION, id)
    set_parameter(CONVERSATION_PARAMETER, id or "")
    set_parameter(EVIDENCE_PARAMETER, "")


def close_message_dialog() -> None:
    """Let the dialog about a message be open no more."""
    remember(MESSAGE_DIALOG, None)


def notice(sentence: str) -> None:
    """Show a sentence once, after the next drawing."""
    remember(NOTICES, [*remembered(NOTICES, []), sentence])


def show_notices() -> None:
    """Show what `notice` was told."""
    for sentence in remembered(NOTICES, []):
        st.toast(plain(sentence), duration="long")
    remember(NOTICES, None)


@contextmanager
def told_errors() -> Iterator[None]:
    """Show an error of Quire's as one sentence instead of letting it end the page."""
    try:
        yield
    except QuireError as error:
        st.error(plain(str(error)))


@contextmanager
def noticed_errors() -> Iterator[None]:
    """The same for callbacks, which run before anything is drawn."""
    try:
        yield
    except QuireError as error:
        notice(str(error))


def _base(id: str) -> KnowledgeBase | None:
    try:
        return workspace().knowledge_bases.get(KnowledgeBaseId(id)) if id else None
    except NotFoundError:
        return None


def _conversation(id: str, base: KnowledgeBase) -> Conversation | None:
    try:
        found = workspace().conversations.get(ConversationId(id)) if id else None
    except NotFoundError:
        return None
    return found if found and found.knowledge_base_id == base.id else None


def now() -> datetime:
    """The time, as it is recorded."""
    return process_app().clock()


def home() -> Path:
    """The data folder."""
    return process_app().settings.home


def search_settled() -> bool:
    """Whether the models that a question waits for are loaded, or known not to load."""
    return process_app().search_settled


def compare_indexes() -> list[Difference]:
    """How the indexes differ from the records. Raises NotAllowedError for guests."""
    workspace().access.require_host()
    return process_app().indexes.check()
