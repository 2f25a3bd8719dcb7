"""One short request to a model server: bounded in time and size, whoever answers."""

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from kb.adapters.server_address import Address
from kb.adapters.server_line import tls

SECONDS = 2.0
_MOST_BYTES = 8_000_000


def fetch(
    address: Address,
    path: str,
    *,
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> tuple[int, str]:
    """Status and text of the answer. Raises what httpx raises, and UnicodeError for odd names.

    Straight to the address: a proxy from the environment would see what nobody named it for.
    """
    with (
        httpx.Client(
            timeout=seconds,
            trust_env=False,
            verify=tls(address),
            headers=address.headers,
            transport=transport,
        ) as client,
        client.stream(method, address.url + path, json=body) as response,
    ):
        return response.status_code, text_of(response, seconds)


def parsed(text: str) -> dict[str, Any] | None:
    """The object in a body; None where there is none."""
    try:
        found = json.loads(text)
    # Brackets within brackets without end are no model server's answer either.
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def whole(value: object) -> int | None:
    """The number in a field of a server's answer, if it is a whole one above 0 that can be true."""
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15
    return value if sound else None  # type: ignore[return-value]


def text_of(response: httpx.Response, seconds: float = SECONDS) -> str:
    """The body, unless it goes on and on: at a wrong address anything may answer.

    Raises httpx.HTTPError.
    """
    body, until = bytearray(), time.monotonic() + seconds
    for block in response.iter_bytes():
        body += block
        if len(body) > _MOST_BYTES or time.monotonic() > until:
            raise httpx.ReadTimeout("the answer does not end", request=response.request)
    return body.decode("utf-8", errors="replace")
