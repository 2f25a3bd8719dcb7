"""Which model writes the answers: the field to choose it by."""

from collections import Counter

import streamlit as st

from kb.domain.conversations import QUOTES
from kb.domain.models import ServerStatus
from kb.ui import model_status, session
from kb.ui.text import visible

QUOTES_LABEL = "Quotes only"
AWAY = "not installed here"


def picker() -> tuple[str, bool]:
    """The field; the chosen model's name, and whether there is any language model at all."""
    models = session.workspace().models
    status = model_status.latest(models) or ServerStatus(address="")
    choices, current = models.choices(status), models.current(status)
    labels = {name: name for name in choices} | _short(status) | {QUOTES: QUOTES_LABEL}
    if current not in choices:
        choices, labels[current] = [current, *choices], f"{current} ({AWAY})"

    def choose() -> None:
        with session.noticed_errors():
            session.workspace().models.choose(st.session_state[key])

    key = f"model-{hash((current, tuple(choices)))}"
    st.selectbox(
        "Answers written by",
        choices,
        index=choices.index(current),
        key=key,
        on_change=choose,
        format_func=lambda name: visible(labels[name or QUOTES]),
        filter_mode=None,
    )
    if current != QUOTES:
        _thinking()
    return current, len(choices) > 1 or current != QUOTES


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
