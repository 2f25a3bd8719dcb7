"""The one App of this process, and the web server in front of it."""

import atexit
import threading
from pathlib import Path

from kb.bootstrap import App, open_app
from kb.settings import Settings, load_settings
from kb.worker import Worker

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_opening = threading.Lock()
_open: list[App] = []


def process_app(settings: Settings | None = None) -> App:
    """The App of this process, opened with its worker at the first call."""
    with _opening:
        if not _open:
            app = open_app(settings or load_settings(), serving=True)
            worker = Worker(app)
            # Called last first: the worker ends before what it works with.
            atexit.register(app.close)
            atexit.register(worker.stop)
            app.warm()
            worker.start()
            _open.append(app)
        return _open[0]


def use_app(app: App | None) -> None:
    """Let the pages use this App, opened elsewhere; None forgets it."""
    with _opening:
        _open[:] = [app] if app else []


def serve(settings: Settings) -> None:
    """Open the App, then serve the pages until the process is told to stop."""
    process_app(settings)
    from streamlit import config
    from streamlit.web import bootstrap

    main_script = str(Path(__file__).parents[2] / "app.py")
    # As `streamlit run` does, so that our config is found from whatever folder we are started.
    config._main_script_path = main_script
    options: dict[str, object] = {"server_address": settings.host, "server_port": settings.port}
    if settings.host not in LOOPBACK:
        # Someone opened it to others on purpose; by which names they call it is theirs to know.
        options["server_allowedHosts"] = []
    bootstrap.load_config_options(flag_options=options)
    bootstrap.run(main_script, False, [], {})
