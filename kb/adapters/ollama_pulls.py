"""Downloads and deletes models of an Ollama server."""

import contextlib
import json
import re
from collections.abc import Generator, Iterator
from typing import Any

import httpx

from kb.adapters import ollama_errors as errors
from kb.adapters.answer_stream import CONNECT_SECONDS
from kb.adapters.ollama_status import is_cloud_name
from kb.adapters.server_address import Address, parse_address
from kb.adapters.server_errors import from_connection, plain_reason, runs_remotely
from kb.adapters.server_fetch import fetch, text_of, whole
from kb.adapters.server_line import Line, tls
from kb.adapters.server_lines import lines_of
from kb.domain.errors import QuireError
from kb.domain.models import PullProgress

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(:\d+)?(/[A-Za-z0-9][A-Za-z0-9._-]*)*(:[\w.-]+)?")
_LONGEST_NAME = 200
_MOST_LAYERS = 1000
_SILENT_SECONDS = 300.0
"""Checking the sum of a large model takes minutes, without a sign."""

_DELETE_SECONDS = 30.0


class OllamaModels:
    """The models that the Ollama at an address keeps on its disk."""

    def __init__(self, host: str) -> None:
        self._host = host

    def pull(self, name: str) -> "PullStream":
        """Download a model, telling how far it is; closing the iterator stops it.

        Raises InvalidInputError, NotAllowedError for a model that runs on the internet,
        ModelError while it is read.
        """
        name = _checked(name)
        if is_cloud_name(name):
            raise runs_remotely(name)
        address = parse_address(self._host)
        return PullStream(name, address, Line(tls(address)))

    def delete(self, name: str) -> None:
        """Take a model off the server's disk. Raises InvalidInputError, ModelError."""
        name, address = _checked(name), parse_address(self._host)
        try:
            status, text = fetch(
                address,
                "/api/delete",
                method="DELETE",
                body={"model": name},
                seconds=_DELETE_SECONDS,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise from_connection(error, address) from error
        reason = plain_reason(text)
        if status == 404 and "not found" in reason:
            raise errors.not_installed(name)
        if status != 200:
            raise errors.from_status(status, reason, address)


class PullStream(Iterator[PullProgress]):
    """The progress of a download. `close` stops it from any thread, also while it waits."""

    def __init__(self, name: str, address: Address, line: Line) -> None:
        self._name = name
        self._address = address
        self._line = line
        self._layers: dict[str, tuple[int, int]] = {}
        self._done = False
        self._progress = self._read()

    def __next__(self) -> PullProgress:
        return next(self._progress)

    def close(self) -> None:
        """Hang up, which stops the download; what came stays, and the next one goes on there."""
        self._line.cut()
        with contextlib.suppress(ValueError):  # a thread waits inside, and ends it itself
            self._progress.close()

    def _read(self) -> Generator[PullProgress]:
        try:
            for told in self._told():
                if "error" in told:
                    raise errors.from_pull(told["error"], self._name, self._percent)
                yield self._note(told)
        except Exception as error:
            if self._line.is_cut:
                return
            raise self._failure(error) from error
        finally:
            self._line.close()
        if not self._done and not self._line.is_cut:
            raise errors.download_stopped(self._name, self._percent)

    def _told(self) -> Iterator[dict[str, Any]]:
        with (
            httpx.Client(
                timeout=httpx.Timeout(_SILENT_SECONDS, connect=CONNECT_SECONDS),
                headers=self._address.headers,
                trust_env=False,
                transport=self._line,
            ) as client,
            client.stream(
                "POST", f"{self._address.url}/api/pull", json={"model": self._name}
            ) as response,
        ):
            if response.status_code != 200:
                raise self._refusal(response.status_code, plain_reason(text_of(response)))
            for line in lines_of(response.iter_bytes()):
                told = json.loads(line) if line.strip() else {}
                if isinstance(told, dict):
                    yield told

    def _refusal(self, status: int, reason: str) -> QuireError:
        if status in (400, 404, 412, 500) and reason and not reason.startswith("<"):
            return errors.from_pull(reason, self._name, self._percent)
        return errors.from_status(status, reason, self._address)

    def _note(self, told: dict[str, Any]) -> PullProgress:
        status, digest = told.get("status"), told.get("digest")
        self._done = self._done or status == "success"
        total = whole(told.get("total"))
        if isinstance(digest, str) and total and len(self._layers) < _MOST_LAYERS:
            self._layers[digest] = (min(whole(told.get("completed")) or 0, total), total)
        return PullProgress(
            done_bytes=sum(done for done, _ in self._layers.values()),
            total_bytes=sum(total for _, total in self._layers.values()),
            checking=isinstance(status, str) and status.startswith(("verifying", "writing")),
        )

    @property
    def _percent(self) -> int | None:
        done = sum(done for done, _ in self._layers.values())
        total = sum(total for _, total in self._layers.values())
        return 100 * done // total if total else None

    def _failure(self, error: Exception) -> QuireError:
        if isinstance(error, QuireError):
            return error
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.InvalidURL):
            return from_connection(error, self._address)
        return errors.download_stopped(self._name, self._percent)


def _checked(name: str) -> str:
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise errors.no_name(name)
    return name
