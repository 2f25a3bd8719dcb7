"""Which model writes the answers: the field to choose it by."""

from collections import Counter

import streamlit as st

from kb.domain.conversations import QUOTES
from kb.domain.models import ServerStatus
from kb.ui import model_status, session
from kb.ui.text import visible

QUOTES_LABEL = "Quotes only"
AWAY = "not installed here"


def current() -> str:
    """The name of the model that writes the next answer."""
    return session.workspace().models.current(_status())


def picker() -> bool:
    """The field; whether there is any language model at all."""
    models = session.workspace().models
    status = _status()
    choices, chosen = models.choices(status), models.current(status)
    labels = {name: name for name in choices} | _short(status) | {QUOTES: QUOTES_LABEL}
    if chosen not in choices:
        choices, labels[chosen] = [chosen, *choices], f"{chosen} ({AWAY})"

    def choose() -> None:
        with session.noticed_errors():
            session.workspace().models.choose(st.session_state[key])

    key = f"model-{hash((chosen, tuple(choices)))}"
    st.selectbox(
        "Answers written by",
        choices,
        index=choices.index(chosen),
        key=key,
        on_change=choose,
        format_func=lambda name: visible(labels[name or QUOTES]),
        filter_mode=None,
    )
    if chosen != QUOTES:
        _thinking()
    return len(choices) > 1 or chosen != QUOTES


def _status() -> ServerStatus:
    return model_status.latest(session.workspace().models) or ServerStatus(address="")


def _thinking() -> None:
    """Whether the model thinks first."""

    def choose() -> None:
        with session.noticed_errors():
            session.workspace().models.set_thinking(bool(st.session_state[key]))

    on = session.workspace().models.thinking()
    key = f"thinking-{on}"
    st.toggle(
        "Thinks before it answers",
        value=on,
        key=key,
        on_change=choose,
        help="For models that can. Answers take longer; the thoughts are shown folded above them.",
    )


def _short(status: ServerStatus) -> dict[str, str]:
    """Names without their server, where that leaves no two alike."""
    times = Counter(model.short_name for model in status.models)
    return {m.name: m.short_name for m in status.models if times[m.short_name] == 1}
