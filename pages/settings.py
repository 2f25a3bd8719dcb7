"""What there is to work with: models, data, versions, and whether the indexes are sound."""

import streamlit as st

from kb.ui import frame, installation, model_settings, refusal_settings, web_settings


def draw() -> None:
    """Each part says how things stand, and what to do where something is missing."""
    base = frame.begin("settings")
    st.title("Settings", anchor=False)
    model_settings.language_models()
    model_settings.embedding_model(base)
    refusal_settings.draw()
    web_settings.draw()
    installation.data()
    installation.indexes()
    installation.versions()


draw()
