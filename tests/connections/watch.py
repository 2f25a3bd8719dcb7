"""Notes or forbids where a process connects to, by Python's audit events.

Not covered: connections made by native code; strace sees those.
"""

import ipaddress
import sys
from collections.abc import Callable

EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"})
NAMES_OF_THIS_MACHINE = frozenset({"", "localhost"})


def on_connection(tell: Callable[[str, str], None]) -> None:
    """Call `tell` with the event and the address or name of each connection from now on.

    Unix sockets are passed over: they end on this machine. A hook cannot be taken away.
    """

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in EVENTS:
            host = _host(event, args)
            if host is not None:
                tell(event, host)

    sys.addaudithook(hook)


def is_here(host: str) -> bool:
    """Whether an address or name is this machine's own, so that nothing leaves it."""
    if host in NAMES_OF_THIS_MACHINE:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _host(event: str, args: tuple[object, ...]) -> str | None:
    address = args[0] if event == "socket.getaddrinfo" else args[1]
    if event != "socket.getaddrinfo":
        if not isinstance(address, tuple):
            return None
        address = address[0]
    if address is None:
        return ""
    return address.decode("ascii", "replace") if isinstance(address, bytes) else str(address)
