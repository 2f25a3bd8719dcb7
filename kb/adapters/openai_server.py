"""Language models behind an OpenAI-compatible server: llama.cpp, vLLM, LM Studio and others."""

from dataclasses import replace

from kb.adapters import openai_errors as errors
from kb.adapters import openai_status
from kb.adapters.answer_stream import AskingOptions
from kb.adapters.openai_chat import OpenAIChatModel
from kb.adapters.server_address import OPENAI, parse_address
from kb.domain.errors import InvalidInputError, QuireError
from kb.domain.models import ServerStatus

KIND = "Model server"


class OpenAIServer:
    """The server at an address written like http://127.0.0.1:8080/v1."""

    def __init__(self, url: str, options: AskingOptions, *, api_key: str = "") -> None:
        self._url = url
        self._key = api_key
        self._options = options

    def status(self) -> ServerStatus:
        """What is there now. Never raises; answers within a few seconds."""
        shown = self._url
        try:
            address = parse_address(self._url, OPENAI, key=self._key)
            shown = address.url
            found = openai_status.served(address)
        except QuireError as error:
            return ServerStatus(address=shown, kind=KIND, problem=str(error))
        return ServerStatus(
            address=shown,
            kind=found.product or KIND,
            answers=True,
            models=tuple(one.model for one in found.models),
            problem="" if found.models else f"The server at {shown} has no model that can chat.",
        )

    def has_name(self, name: str) -> bool:
        """Whether the name says that it is of this server; none does where the address is none."""
        try:
            address = parse_address(self._url, OPENAI)
        except InvalidInputError:
            return False
        return name.endswith(openai_status.qualified("", address.url))

    def chat_model(self, name: str, *, thinks: bool = False) -> OpenAIChatModel:
        """The named model, for one answer; the server's name may be left out.

        While the server loads its model, it is not known what it has: the answer waits for that.
        Raises ModelError, NotAllowedError where the server is an Ollama, InvalidInputError.
        """
        address = parse_address(self._url, OPENAI, key=self._key)
        options = replace(self._options, thinks=thinks)
        try:
            one = openai_status.find(name, openai_status.served(address))
        except errors.StillLoadingError:
            return OpenAIChatModel(name, None, address, options)
        if one is None:
            raise errors.not_served(name, address)
        return OpenAIChatModel(name, one, address, options)
