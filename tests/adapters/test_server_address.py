"""An address as people write it, and as Ollama's own OLLAMA_HOST allows."""

import pytest

from kb.adapters.server_address import parse_address
from kb.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("localhost", "http://localhost:11434"),
        ("box.local:8080", "http://box.local:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost:80"),
        ("https://box.local", "https://box.local:443"),
        ("HTTP://Box:1/", "http://Box:1"),
        ("https://box.local/ollama/", "https://box.local:443/ollama"),
        ("ollama.com", "https://ollama.com:443"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("::1", "http://[::1]:11434"),
        ("[fe80::1]", "http://[fe80::1]:11434"),
        ('"127.0.0.1"', "http://127.0.0.1:11434"),
        ("host.docker.internal", "http://host.docker.internal:11434"),
    ],
)
def test_addresses_are_read_as_ollama_reads_them(written: str, url: str) -> None:
    assert parse_address(written).url == url


@pytest.mark.parametrize(
    "written",
    ["http://", "ftp://x", "x:", "x:0", "x:99999", "x:1:2", "a b", "1.2.3", "http://x/?y", "-"],
)
def test_addresses_that_cannot_be_meant_are_refused(written: str) -> None:
    with pytest.raises(InvalidInputError, match="no address of an Ollama server"):
        parse_address(written)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_address("http://anna:secret@box:99999")
    assert "secret" not in str(caught.value)


def test_a_login_is_kept_out_of_what_is_shown() -> None:
    address = parse_address("http://anna:p%40ss@box:99")
    assert (address.url, address.login) == ("http://box:99", "anna:p@ss")
