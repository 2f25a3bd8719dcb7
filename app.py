"""Navigation between the pages; no other logic."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

st.set_page_config(page_title="Quire", page_icon=str(HERE / "kb/ui/mark.png"), layout="wide")
page = st.navigation(
    [
        st.Page(HERE / "pages/chat.py", title="Chat", url_path="chat", default=True),
        st.Page(HERE / "pages/search.py", title="Search", url_path="search"),
        st.Page(HERE / "pages/library.py", title="Library", url_path="library"),
        st.Page(HERE / "pages/settings.py", title="Settings", url_path="settings"),
    ]
)
page.run()
