"""What a browser session remembers, and the one way pages reach Quire."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from kb.bootstrap import App
from kb.domain.errors import QuireError
from kb.services.workspace import Workspace
from kb.ui.server import process_app


def workspace() -> Workspace:
    """What the person in this session can do."""
    return _app().workspace()


@st.cache_resource(show_spinner=False)
def _app() -> App:
    return process_app()


@contextmanager
def told_errors() -> Iterator[None]:
    """Show an error of Quire's as one sentence instead of letting it end the page."""
    try:
        yield
    except QuireError as error:
        st.error(str(error))
