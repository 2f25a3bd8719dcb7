"""Runs app.py from a folder without `pages` beside it.

AppTest forgets at each run that the app calls st.navigation, and would take that folder for
Streamlit's older way of making an app of several pages.
"""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[3] / "app.py"))
