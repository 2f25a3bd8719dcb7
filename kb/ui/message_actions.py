"""What can be done with a question or an answer: ask otherwise, answer again, other versions."""

import uuid
from collections.abc import Sequence

import streamlit as st

from kb.answering.blocks import shown_text
from kb.domain.conversations import Branches, Conversation, Message, MessageId, MessageState, Role
from kb.ui import exporting, feedback, receipts, session
from kb.ui.reading import Block, Run

EDIT, AGAIN, SHOW = "edit", "again", "show"
DETAILS, EXPORT, GOOD, BAD = "details", "export", "good", "bad"
_PREFIX = "do"


def block_of(message: Message, branches: Branches) -> Block | None:
    """The line of actions under a message; None while there is nothing to do with it."""
    runs = _versions(message, branches)
    if message.role is Role.USER:
        runs.append(_action("Edit", EDIT, message.id))
    elif message.state is not MessageState.STREAMING:
        runs.append(Run(text="Copy", copy=shown_text(message)))
        runs.append(_action("Answer again", AGAIN, message.id))
        runs.append(_action("Helpful", GOOD, message.id, pressed=message.helpful is True))
        runs.append(_action("Not helpful", BAD, message.id, pressed=message.helpful is False))
        runs.append(_action("Export", EXPORT, message.id))
        runs.append(_action("Details", DETAILS, message.id))
    return Block(kind="actions", runs=runs) if runs else None


def is_action(target: str) -> bool:
    """Whether what was clicked is an action and no citation."""
    return target.startswith(f"{_PREFIX}.")


def act(message: Message, target: str) -> None:
    """Do what was clicked."""
    _, what, id = target.split(".", 2)
    conversations = session.workspace().conversations
    with session.noticed_errors():
        if what == EDIT:
            session.remember(session.EDITED, message.id)
        elif what == AGAIN:
            again(message)
        elif what == GOOD:
            feedback.rate(message, helpful=True)
        elif what == BAD:
            feedback.rate(message, helpful=False)
            if message.helpful is not False:
                session.remember(session.MESSAGE_DIALOG, (BAD, message.id))
        elif what in (DETAILS, EXPORT):
            session.remember(session.MESSAGE_DIALOG, (what, message.id))
        elif what == SHOW:
            session.set_parameter(session.EVIDENCE_PARAMETER, "")
            conversations.show(message.conversation_id, MessageId(id))


def dialog(conversation: Conversation, messages: Sequence[Message], branches: Branches) -> None:
    """The dialog that is open; also when the page is drawn again, as by an answer's end."""
    what, id = session.remembered(session.MESSAGE_DIALOG, ("", ""))
    for message in messages:
        if message.id == id and what == BAD:
            feedback.why(message)
        elif message.id == id and what == EXPORT:
            exporting.dialog(conversation, message.id)
        elif message.id == id and what == DETAILS:
            receipts.details(message, branches)


def again(answer: Message, model: str | None = None) -> None:
    """Let the question be answered once more, by this model or the chosen one."""
    with session.noticed_errors():
        session.workspace().conversations.regenerate(
            answer.conversation_id, answer.id, uuid.uuid4().hex, model=model
        )


def is_edited(message: Message) -> bool:
    """Whether the question is being written anew."""
    return bool(session.remembered(session.EDITED) == message.id)


def edit_form(message: Message) -> None:
    """A field with the question, to be asked otherwise."""
    with st.form(f"edit-{message.id}", border=False):
        question = st.text_area("Your question", value=message.content, key=f"text-{message.id}")
        with st.container(horizontal=True):
            asked = st.form_submit_button("Ask", type="primary")
            left = st.form_submit_button("Leave it as it was")
    if not asked and not left:
        return
    with session.noticed_errors():
        if asked:
            session.workspace().conversations.edit(
                message.conversation_id, message.id, question, uuid.uuid4().hex
            )
        session.remember(session.EDITED, None)
    st.rerun()


def _versions(message: Message, branches: Branches) -> list[Run]:
    """Ways to the versions beside this one, and which one it is."""
    versions: Sequence[MessageId] = branches.versions_of(message.id)
    if len(versions) < 2:
        return []
    at = versions.index(message.id)
    runs = []
    if at > 0:
        runs.append(_action("‹", SHOW, versions[at - 1], "Version before"))
    runs.append(Run(text=f"{at + 1} of {len(versions)}"))
    if at + 1 < len(versions):
        runs.append(_action("›", SHOW, versions[at + 1], "Version after"))
    return runs


def _action(text: str, what: str, id: MessageId, label: str = "", *, pressed: bool = False) -> Run:
    run = Run(text=text, open=f"{_PREFIX}.{what}.{id}", label=label or text)
    return Run(**{**run, "pressed": True}) if pressed else run
