"""A web server on this machine that sends exactly the bytes it is told to."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping

Answer = bytes | Callable[[socket.socket], None]


class WebServer:
    """Answers each connection once: by the path asked for, else by the answer for "*"."""

    def __init__(
        self, answers: Mapping[str, Answer] | Answer, certificate: ssl.SSLContext | None = None
    ) -> None:
        self.answers = answers if isinstance(answers, Mapping) else {"*": answers}
        self.asked: list[bytes] = []
        self._certificate = certificate
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def paths(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.asked]

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    self._answer(connection)
                except OSError:
                    continue  # the other side had enough

    def _answer(self, connection: socket.socket) -> None:
        if self._certificate is not None:
            with self._certificate.wrap_socket(connection, server_side=True) as safe:
                self._speak(safe)
                return
        self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            received = connection.recv(4096)
            if not received:
                return
            head += received
            if head.startswith(b"\x16"):  # the beginning of encryption, which we do not speak
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
        self.asked.append(head)
        answer = self.answers.get(self.paths[-1], self.answers.get("*", not_found()))
        if isinstance(answer, bytes):
            connection.sendall(answer)
        else:
            answer(connection)


def ok(content: bytes = b"words", *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def html(content: str) -> bytes:
    return ok(content.encode(), "Content-Type: text/html; charset=utf-8")


def moved(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n\r\n".encode()


def not_found() -> bytes:
    return b"HTTP/1.1 404 Nothing here\r\nContent-Length: 0\r\n\r\n"
