"""Ollama and an OpenAI-compatible server beside each other, as one server."""

from concurrent.futures import ThreadPoolExecutor

from kb.adapters.answer_stream import AskingOptions
from kb.adapters.chat_models import OllamaServer
from kb.adapters.openai_server import OpenAIServer
from kb.domain.errors import ModelError, ModelMissingError, ModelUnreachableError
from kb.domain.models import ServerStatus
from kb.ports import ChatModel, ModelServer
from kb.settings import Settings


class ModelServers:
    """Both servers' models. Those of the second say in their names where they are."""

    def __init__(self, ollama: ModelServer, second: OpenAIServer) -> None:
        self._ollama = ollama
        self._second = second

    def status(self) -> ServerStatus:
        """What both have now. Never raises; one may be away while the other answers."""
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(one.status) for one in (self._ollama, self._second)]
            ollama, second = (one.result() for one in asked)
        models = ollama.models + second.models
        # Who set up the second server may well have no Ollama; who did not is told of both.
        problem = "" if any(not model.remote for model in models) else second.problem
        return ServerStatus(
            address=second.address,
            kind=second.kind,
            answers=ollama.answers or second.answers,
            models=models,
            problem=problem or ("" if models else ollama.problem),
            servers=(ollama, second),
        )

    def chat_model(self, name: str, *, thinks: bool = False) -> ChatModel:
        """The named model, at the second server where its name says so or Ollama lacks it.

        Raises ModelError, NotAllowedError, InvalidInputError.
        """
        if self._second.has_name(name):
            return self._second.chat_model(name, thinks=thinks)
        try:
            return self._ollama.chat_model(name, thinks=thinks)
        except (ModelMissingError, ModelUnreachableError) as missing:
            try:
                return self._second.chat_model(name, thinks=thinks)
            except ModelError:
                raise missing from None


def model_server(settings: Settings, answer_tokens: int) -> ModelServer:
    """Ollama, and beside it the other server where one is configured."""
    ollama = OllamaServer(
        settings.ollama_host,
        context_tokens=settings.context_tokens,
        keep_alive=settings.keep_alive,
        answer_tokens=answer_tokens,
    )
    if not settings.openai_url:
        return ollama
    options = AskingOptions(context_tokens=settings.context_tokens, answer_tokens=answer_tokens)
    second = OpenAIServer(settings.openai_url, options, api_key=settings.openai_api_key)
    return ModelServers(ollama, second)
