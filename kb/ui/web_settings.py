"""Settings: whether pages may be fetched from the web."""

import streamlit as st

from kb.domain.errors import NotAllowedError
from kb.ui import session


def draw() -> None:
    """The switch, for the one who runs this installation."""
    try:
        session.workspace().access.require_host()
    except NotAllowedError:
        return
    st.header("Web pages", anchor=False)
    st.toggle(
        "Fetch web pages",
        value=session.workspace().sources.may_fetch(),
        key="web-fetching",
        on_change=_switch,
    )
    st.markdown(
        "When this is on, Quire fetches the pages and sites whose address you give in the "
        "Library, and nothing else. It never fetches from this computer or its own network."
    )


def _switch() -> None:
    with session.noticed_errors():
        session.workspace().sources.switch_web(on=st.session_state["web-fetching"])
