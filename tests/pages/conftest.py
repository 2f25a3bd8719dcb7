"""Pages of an App without a model; what is queued is worked off when a test says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.bootstrap import App
from kb.ui import model_status
from kb.ui.server import use_app

MAIN = Path(__file__).parent / "start" / "main.py"
PAGES = Path(__file__).parents[2] / "pages"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(app: App) -> Iterator[OpenPage]:
    """Opens a page of the app in a session of its own, with these parameters in its address."""
    use_app(app)
    model_status.ask_anew()

    def opened(page: str = "chat", /, **parameters: str) -> AppTest:
        test = AppTest.from_file(str(MAIN), default_timeout=20)
        test.run()
        for name, value in parameters.items():
            test.query_params[name] = value
        test.switch_page(str(PAGES / f"{page}.py")).run()
        assert not test.exception
        return test

    yield opened
    use_app(None)
