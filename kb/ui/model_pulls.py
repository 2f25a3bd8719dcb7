"""Settings: downloading a language model, with how far it is, for everybody who looks."""

import streamlit as st

from kb.domain.errors import NotAllowedError
from kb.domain.models import Pull, PullState, ServerStatus
from kb.ui import model_status, session
from kb.ui.progress import EVERY_SECONDS, SELDOM_SECONDS
from kb.ui.text import duration, plain

SUGGESTED = "qwen3:4b"


def draw(status: ServerStatus) -> None:
    """The field for a name, or the download under way and what became of the last one."""
    ollama = next((each for each in status.each if each.kind == "Ollama"), None)
    try:
        pull = session.workspace().models.last_pull()
    except NotAllowedError:
        return
    running = pull is not None and pull.state is PullState.RUNNING
    if ollama is not None and ollama.answers and not running:
        _form(status)
    every = EVERY_SECONDS if running else SELDOM_SECONDS
    with st.container(key="model-download"):
        st.fragment(_tail, run_every=every)(pull.state if pull else None)


def _form(status: ServerStatus) -> None:
    """The suggested name stands in the field until that model is there."""
    there = any(model.name == SUGGESTED for model in status.models)
    with st.form("pull", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Download a model",
                value="" if there else SUGGESTED,
                placeholder="For example: llama3.2:3b",
                key=f"pull-name-{there}",
                max_chars=200,
            )
            begun = st.form_submit_button("Download", icon=":material/download:")
        st.caption(
            "Ollama fetches it from its site, ollama\\.com, where the names are listed"
            + ("." if there else f"; {plain(SUGGESTED)} is about 3 GB.")
        )
        if begun:
            with session.told_errors():
                session.workspace().models.pull(name)
                st.rerun()


def _tail(drawn: PullState | None) -> None:
    """Follows the download; the page is drawn anew when one begins or ends, wherever."""
    pull = session.workspace().models.last_pull()
    if (pull.state if pull else None) is not drawn:
        model_status.ask_anew()
        st.rerun(scope="app")
    if pull is None:
        return
    if pull.state is PullState.RUNNING:
        st.progress(pull.progress.share, text=told(pull))
        st.button("Cancel", key="cancel-pull", icon=":material/close:", on_click=_cancel)
        return
    _ended(pull)
    with st.container(horizontal=True, vertical_alignment="center"):
        if pull.state is not PullState.DONE:
            st.button(
                "Download again",
                key="pull-again",
                icon=":material/refresh:",
                on_click=_again,
                args=(pull.name,),
            )
        st.button("Dismiss", key="forget-pull", type="tertiary", on_click=_forget)


def told(pull: Pull) -> str:
    """How far a download is, as people say it."""
    progress, name = pull.progress, plain(pull.name)
    if progress.checking:
        return f"{name}: checking what came"
    if not progress.total_bytes:
        return f"{name}: asking for it"
    left = pull.seconds_left(session.now())
    about = f", about {duration(left)} left" if left is not None else ""
    return (
        f"{name}: {progress.done_bytes / 1e6:,.0f} of {progress.total_bytes / 1e6:,.0f} MB{about}"
    )


def _ended(pull: Pull) -> None:
    if pull.state is PullState.DONE:
        st.success(f"{plain(pull.name)} is installed.")
    elif pull.state is PullState.FAILED:
        st.error(plain(pull.error))
    else:
        st.markdown(
            f"The download of {plain(pull.name)} was cancelled at {pull.progress.share:.0%}. "
            "Downloading it again goes on there."
        )


def _cancel() -> None:
    with session.noticed_errors():
        session.workspace().models.cancel_pull()


def _forget() -> None:
    with session.noticed_errors():
        session.workspace().models.forget_pull()


def _again(name: str) -> None:
    with session.noticed_errors():
        session.workspace().models.forget_pull()
        session.workspace().models.pull(name)
