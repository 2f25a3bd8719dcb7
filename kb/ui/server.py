"""The one App of this process, and the web server in front of it.

The first page is to be there quickly: the App opens while the server starts, and models load
and work begins once a page was drawn, or a few seconds after the start.
"""

import atexit
import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kb.bootstrap import own_home
from kb.settings import Settings, load_settings

if TYPE_CHECKING:
    from kb.adapters.home_lock import HomeLock
    from kb.bootstrap import App

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECONDS_TO_DRAW = 0.5
SECONDS_WITHOUT_A_PAGE = 4.0

log = logging.getLogger(__name__)

_opening = threading.Lock()
_open: "list[App]" = []
_idle: "list[App]" = []
_failures: list[Exception] = []


def process_app(settings: Settings | None = None, lock: "HomeLock | None" = None) -> "App":
    """The App of this process, opened at the first call."""
    from kb.bootstrap import open_app

    with _opening:
        if not _open:
            app = open_app(settings or load_settings(), serving=True, lock=lock)
            atexit.register(app.close)
            _open.append(app)
            _idle.append(app)
            _begin_work_in(SECONDS_WITHOUT_A_PAGE)
        return _open[0]


def use_app(app: "App | None") -> None:
    """Let the pages use this App, opened elsewhere; None forgets it."""
    with _opening:
        _open[:] = [app] if app else []


def page_drawn() -> None:
    """Load the model and begin to work, if that waits; a moment later, to let the page be sent."""
    if _idle:
        _begin_work_in(SECONDS_TO_DRAW)


def serve(settings: Settings) -> None:
    """Serve the pages until the process is told to stop. Raises HomeInUseError, StorageError."""
    lock = own_home(settings)
    threading.Thread(target=_open_behind, args=(settings, lock), name="open", daemon=True).start()
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
    if _failures:
        raise _failures[0]


def _open_behind(settings: Settings, lock: "HomeLock") -> None:
    _wait_for_server(settings)
    try:
        process_app(settings, lock)
        # The browser still loads what draws the page; what the page needs of us is had by then.
        import_module("kb.ui.chat")
        import_module("kb.ui.first_steps")
    except Exception as error:  # noqa: BLE001 - raised again by `serve`
        _failures.append(error)
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for_server(settings: Settings) -> None:
    """Until the port is listened on: our imports meanwhile would only make that later."""
    host = {"0.0.0.0": LOOPBACK[0], "::": LOOPBACK[2]}.get(settings.host, settings.host)  # noqa: S104
    until = time.monotonic() + SECONDS_WITHOUT_A_PAGE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((host, settings.port), 1):
            return
        time.sleep(0.02)


def _begin_work_in(seconds: float) -> None:
    timer = threading.Timer(seconds, _begin_work)
    timer.daemon = True
    timer.start()


def _begin_work() -> None:
    from kb.worker import Worker

    with _opening:
        if not _idle:
            return
        app = _idle.pop()
        worker = Worker(app)
        # Called last first: the worker ends before what it works with.
        atexit.register(worker.stop)
        app.warm()
        threading.Thread(target=_mend, args=(app,), name="mend", daemon=True).start()
        worker.start(collects=True)


def _mend(app: "App") -> None:
    try:
        app.indexes.mend()
    except Exception:
        log.exception("The indexes could not be compared with the records")
