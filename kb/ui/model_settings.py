"""Settings: the language models that are there, and the models that search."""

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.models import ServerStatus
from kb.ui import model_list, model_pulls, model_status, models, session
from kb.ui.text import plain

MULTILINGUAL = "intfloat/multilingual-e5-small"
INSTALL = "curl -fsSL https://ollama.com/install.sh | sh"


def language_models() -> None:
    """Which servers of language models answer, what they have, and how to get more."""
    st.header("Language models", anchor=False)
    _language_models()
    st.button("Look again", key="look-again", on_click=model_status.ask_anew)


def embedding_model(base: KnowledgeBase) -> None:
    """The models that find passages; they are loaded in the background at start."""
    st.header("Search", anchor=False)
    with st.container(key="embedding-model"):
        st.fragment(_embedding, run_every=None if session.search_settled() else 1.0)(base)


def _language_models() -> None:
    status = model_status.latest(session.workspace().models)
    if status is None:
        st.markdown("Asking the model server.")
        return
    for each in status.each:
        _server(each, beside_another=status.answers and not status.problem)
    if status.models:
        model_list.draw(status)
    if not status.answers:
        _how_to_install()
    model_pulls.draw(status)
    if status.models:
        models.picker()


def _server(server: ServerStatus, *, beside_another: bool) -> None:
    if server.answers:
        name = f"{server.kind} {server.version}".strip()
        st.markdown(f"{plain(name)} answers at {plain(server.address)}.")
    if not server.problem:
        return
    if beside_another and server.kind == "Ollama" and not server.answers:
        # Whoever set up another server may well not want this one.
        st.caption(plain(server.problem))
    else:
        st.warning(plain(server.problem))


def _how_to_install() -> None:
    st.markdown(
        "Until a language model is there, answers are made of your documents' own sentences. "
        "Ollama runs one on this computer. On Linux, this installs it; on Windows and macOS, "
        "take the installer from its site, ollama\\.com."
    )
    st.code(INSTALL, language=None)


def _embedding(base: KnowledgeBase) -> None:
    if not session.search_settled():
        st.markdown("The models are loading. Pages work meanwhile; questions wait for them.")
        return
    service = session.workspace().models
    with session.told_errors():
        space = service.embedding_space()
        st.markdown(
            f"Passages are found by **{plain(space.model)}** ({space.dimension} dimensions, "
            f"at most {space.max_tokens} tokens a passage) and by their words."
        )
        if service.wants_other_embedding_model(base.id):
            st.info(
                f"Most documents of {plain(base.name)} are not in English, which this model reads "
                "best, so their words count for more than their meaning. A multilingual model "
                "knows their meaning too: start Quire with "
                f"`KB_EMBEDDING_MODEL={MULTILINGUAL}`, and add the documents to a new knowledge "
                "base."
            )
        if reranker := service.reranking_model():
            st.markdown(f"**{plain(reranker)}** reads the best of them and puts them in order.")
    with session.told_errors():
        if checking := service.checking_model():
            st.markdown(f"**{plain(checking)}** helps to check the sentences of answers.")
