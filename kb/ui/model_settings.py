"""Settings: the language models that are there, and the models that search."""

from collections.abc import Sequence

import streamlit as st

from kb.domain.documents import KnowledgeBase
from kb.domain.models import InstalledModel
from kb.ui import model_status, models, session
from kb.ui.text import plain, size

SUGGESTED = "qwen3:4b"
MULTILINGUAL = "intfloat/multilingual-e5-small"
INSTALL = "curl -fsSL https://ollama.com/install.sh | sh"


def language_models() -> None:
    """Whether the server of language models answers, what it has, and how to get more."""
    st.header("Language models", anchor=False)
    _language_models()
    st.button("Look again", key="look-again", on_click=model_status.ask_anew)


def embedding_model(base: KnowledgeBase) -> None:
    """The models that find passages; they are loaded in the background at start."""
    st.header("Search", anchor=False)
    with st.container(key="embedding-model"):
        st.fragment(_embedding, run_every=None if session.search_settled() else 1.0)(base)


def _language_models() -> None:
    service = session.workspace().models
    status = model_status.latest(service)
    if status is None:
        st.markdown("Asking Ollama.")
        return
    if status.version:
        st.markdown(f"Ollama {plain(status.version)} answers at {plain(status.address)}.")
    if status.problem:
        st.warning(plain(status.problem))
    if status.models:
        _table(status.models)
    if not status.version:
        _how_to_install()
    if not status.models:
        st.markdown("Fetch a model, about 3 GB:")
        st.code(f"ollama pull {SUGGESTED}", language=None)
    if status.models:
        models.picker()


def _how_to_install() -> None:
    st.markdown(
        "Until a language model is there, answers are made of your documents' own sentences. "
        "Ollama runs one on this computer. On Linux, this installs it; on Windows and macOS, "
        "take the installer from its site, ollama\\.com."
    )
    st.code(INSTALL, language=None)


def _table(installed: Sequence[InstalledModel]) -> None:
    st.dataframe(
        [
            {
                "Model": each.name,
                "Parameters": each.parameters or "unknown",
                "Size": size(each.size_bytes) if each.size_bytes else "unknown",
                "Runs": "on the internet: not used" if each.remote else "here",
            }
            for each in installed
        ],
        hide_index=True,
        width="stretch",
    )


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
