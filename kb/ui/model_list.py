"""Settings: each language model with its size, its window and whether it is loaded."""

import ipaddress
from urllib.parse import urlsplit

import streamlit as st

from kb.domain.models import InstalledModel, ServerStatus
from kb.ui import model_status, session
from kb.ui.text import plain, size


def draw(status: ServerStatus) -> None:
    """A row for each model. Those that Ollama keeps can be deleted."""
    ollama = next((each.address for each in status.each if each.kind == "Ollama"), "")
    with st.container(key="models", gap=None):
        for number, model in enumerate(status.models):
            _row(number, model, deletable=not model.remote and model.server == ollama)


def _row(number: int, model: InstalledModel, *, deletable: bool) -> None:
    with st.container(
        key=f"row-model-{number}", horizontal=True, wrap=False, vertical_alignment="top"
    ):
        with st.container(gap=None):
            st.markdown(f"**{plain(model.short_name)}**")
            st.caption(plain(" · ".join(facts(model))))
        if deletable:
            with st.container(
                key=f"actions-model-{number}", horizontal=True, width="content", gap="xsmall"
            ):
                asked = st.button(
                    "Delete",
                    key=f"delete-model-{number}",
                    type="tertiary",
                    icon=":material/delete:",
                )
            if asked:
                _deleting(model)


def facts(model: InstalledModel) -> list[str]:
    """What is known of a model, as people say it."""
    told = [f"{model.parameters} parameters"] if model.parameters else []
    told += [size(model.size_bytes)] if model.size_bytes else []
    told += [_window(model)] if model.window_tokens else []
    if model.loaded is not None:
        told.append("loaded" if model.loaded else "not loaded")
    if model.remote:
        told.append("on the internet: not used")
    elif place := _place(model.server):
        told.append(f"at {place}")
    return told


def _window(model: InstalledModel) -> str:
    window = f"window of {model.window_tokens:,} tokens"
    if model.trained_tokens and model.trained_tokens != model.window_tokens:
        window += f", made for {model.trained_tokens:,}"
    return window


def _place(address: str) -> str:
    """The computer where a model runs; nothing where that is this one."""
    host = urlsplit(address).hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host in ("", "localhost")
    return "" if here else host


@st.dialog("Delete the model?")
def _deleting(model: InstalledModel) -> None:
    st.markdown(
        f"**{plain(model.name)}** is taken off the disk"
        f"{f', which frees {size(model.size_bytes)}' if model.size_bytes else ''}. "
        "Answers that it wrote stay. You can download it again."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="keep-model"):
            st.rerun()
        if st.button("Delete it", key="confirm-delete-model", type="primary"):
            with session.told_errors():
                session.workspace().models.delete(model.name)
                model_status.ask_anew()
                st.rerun()
