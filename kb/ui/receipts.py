"""How an answer was made: its passages, what the model read of them, and with which settings."""

import streamlit as st

from kb.domain.conversations import Branches, Message
from kb.domain.receipts import Receipt, UsedPassage, differences
from kb.domain.words import counted
from kb.ui import answers, session
from kb.ui.text import plain

CUT = (
    "The model's server read {read:,} tokens of about {sent:,}, so it saw only part of this. "
    "Choose a wider window (KB_CONTEXT_TOKENS), or ask of fewer documents."
)
NOTHING = "Nothing is kept of how this answer was made."


def budget_line(receipt: Receipt) -> str:
    """The passages and tokens that a model is asked with, and which did not fit."""
    budget = receipt.budget
    told = counted(len(receipt.sent), "passage")
    if budget:
        told += f", {budget.prompt:,} of {budget.window:,} tokens"
    if receipt.left_out:
        left = ", ".join(_place(passage) for passage in receipt.left_out)
        told += f"; {len(receipt.left_out)} left out for want of room: {left}"
    if budget and budget.turns_left_out:
        told += f"; {counted(budget.turns_left_out, 'earlier turn')} left out"
    return told + "."


@st.dialog("How this answer was made", width="large", on_dismiss=session.close_message_dialog)
def details(message: Message, branches: Branches) -> None:
    """The receipt, and how it differs from that of the version before."""
    conversations = session.workspace().conversations
    with session.told_errors():
        receipt = conversations.receipt(message.conversation_id, message.id)
        if receipt is None:
            st.markdown(NOTHING)
            return
        st.markdown(plain(_made_by(message, receipt)))
        if receipt.was_cut(message.prompt_tokens):
            sent = receipt.budget.prompt if receipt.budget else 0
            st.warning(plain(CUT.format(read=message.prompt_tokens, sent=sent)))
        _passages(receipt)
        settings = [f"{name}: {value}" for name, value in receipt.settings.items()]
        st.caption(plain(", ".join(settings)))
        versions = branches.versions_of(message.id)
        at = versions.index(message.id)
        if at:
            before = conversations.receipt(message.conversation_id, versions[at - 1])
            if before:
                st.markdown(plain(_compared(differences(before, receipt), at)))


def _made_by(message: Message, receipt: Receipt) -> str:
    told = f"Made of {budget_line(receipt)}"
    if message.prompt_tokens is not None:
        told += f" The server counted {message.prompt_tokens:,} tokens."
    if receipt.evidence is not None:
        told += f" Evidence that they hold an answer: {receipt.evidence:.0%}."
    return told


def _passages(receipt: Receipt) -> None:
    st.dataframe(
        [
            {
                "Rank": passage.rank,
                "Document": passage.document_name,
                "Version": passage.version,
                "Page": passage.page if passage.paged else None,
                "Score": passage.score,
                "Tokens": passage.tokens,
                "Read": "yes" if passage.sent else "no room",
            }
            for passage in receipt.passages
        ],
        hide_index=True,
        width="stretch",
        column_config={"Score": st.column_config.NumberColumn(format="%.2f")},
    )


def _compared(told: list[str], version: int) -> str:
    if not told:
        return f"Version {version} was made from the same."
    return f"Against version {version} this differs in: {', '.join(told)}."


def _place(passage: UsedPassage) -> str:
    return answers.place(passage.document_name, passage.page if passage.paged else None)
