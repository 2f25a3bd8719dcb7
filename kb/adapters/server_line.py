"""Connections to model servers: direct ones, and one that can be cut while it waits."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from kb.adapters.server_address import Address


def tls(address: Address) -> ssl.SSLContext:
    """The certificates to trust; loading them costs 25 ms, so not where none are needed."""
    return httpx.create_ssl_context() if address.secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Line(httpx.BaseTransport):
    """One answer's connection. `cut` may be called from any thread, also during a long wait.

    A model that is loading sends nothing for minutes, not even headers, so the reader waits inside
    the socket, where closing a generator does not reach it.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._inner = httpx.HTTPTransport(verify=context)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether `cut` was called."""
        return self._cut.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until it is cut."""
        self._cut.wait(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and see over which socket it goes."""
        request.extensions = {**request.extensions, "trace": self._trace}
        return self._inner.handle_request(request)

    def cut(self) -> None:
        """End the connection now, whoever is waiting on it."""
        with self._lock:
            self._cut.set()
            if self._socket is not None:
                with contextlib.suppress(OSError):  # the other side was faster
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back to the system."""
        with self._lock:
            self._socket = None
        self._inner.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
        if self.is_cut:
            self.cut()
