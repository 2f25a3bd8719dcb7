"""Settings: how sure it must be that the documents hold an answer before one is given."""

import streamlit as st

from kb.domain.errors import NotAllowedError
from kb.domain.retrieval import Strictness
from kb.ui import session

LABELS = {
    Strictness.LENIENT: "Lenient",
    Strictness.BALANCED: "Balanced",
    Strictness.STRICT: "Strict",
}


def draw() -> None:
    """The choice, for the one who runs this installation, and what each costs."""
    try:
        session.workspace().access.require_host()
    except NotAllowedError:
        return
    answers = session.workspace().answers
    st.header("Refusals", anchor=False)
    st.markdown(
        "Where your documents do not seem to hold the answer, Quire says so and shows the closest "
        "passages. How sure must it be before it answers?"
    )
    st.radio(
        "Answer only when sure",
        list(Strictness),
        index=list(Strictness).index(answers.strictness()),
        format_func=LABELS.__getitem__,
        captions=[_told(strictness) for strictness in Strictness],
        key="strictness",
        on_change=_choose,
        label_visibility="collapsed",
    )
    st.caption("Measured on labelled questions to other documents; yours may differ.")


def _told(strictness: Strictness) -> str:
    rates = session.workspace().answers.error_rates(strictness)
    return (
        f"refuses {rates.rightly:.0%} of the questions without an answer, "
        f"and wrongly {rates.wrongly:.0%} of those with one"
    )


def _choose() -> None:
    with session.noticed_errors():
        session.workspace().answers.set_strictness(Strictness(st.session_state["strictness"]))
