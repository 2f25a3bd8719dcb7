"""Every error a person can meet.

QuireError                  what happened, to what, and what to do
├── NotFoundError           it does not exist, or is out of one's view
├── NotAllowedError         one may see it, but not do this
├── InvalidInputError       a name, number or file list that cannot be taken
├── IngestionError          a file could not be read
│   ├── UnsupportedFileError
│   ├── DamagedFileError
│   ├── PasswordNeededError
│   ├── LimitError
│   ├── WebPageError
│   └── ReaderCrashedError
├── ModelError              a language or embedding model did not serve
│   ├── ModelUnreachableError
│   ├── ModelMissingError
│   ├── ModelTimeoutError
│   ├── ModelCrashedError
│   └── ContextTooLongError
├── StorageError            the data folder did not serve
│   ├── DiskFullError
│   ├── HomeInUseError
│   ├── DamagedIndexError
│   └── EmbeddingSpaceError
└── JobCancelledError       a person stopped the work
"""


class QuireError(Exception):
    """What happened, to which file or model, and what to do, as one sentence each."""

    retryable = False

    def __init__(self, what: str, *, subject: str = "", advice: str = "") -> None:
        self.what = what
        self.subject = subject
        self.advice = advice
        super().__init__(what)

    def __str__(self) -> str:
        told = self.what
        if self.subject and self.subject not in self.what:
            told = f"{self.subject}: {told}"
        return f"{told} {self.advice}".strip()


class NotFoundError(QuireError):
    """The thing does not exist, or the person may not know that it does."""


class NotAllowedError(QuireError):
    """The person may see the thing but not do this with it."""


class InvalidInputError(QuireError):
    """A value given by a person cannot be taken."""


class IngestionError(QuireError):
    """A file could not be turned into passages."""


class UnsupportedFileError(IngestionError):
    """No reader takes files of this type."""


class DamagedFileError(IngestionError):
    """The file is empty, cut short or not what its type says."""


class PasswordNeededError(IngestionError):
    """The file opens only with a password."""


class LimitError(IngestionError):
    """The file would take more size, time or memory than is allowed."""


class WebPageError(IngestionError):
    """A web page could not be had. `status` is what its server answered, 0 for nothing."""

    status = 0


class ReaderCrashedError(IngestionError):
    """The process that read the file ended without an answer."""

    retryable = True


class ModelError(QuireError):
    """A model did not serve."""


class ModelUnreachableError(ModelError):
    """Nobody answers at the model server's address."""

    retryable = True


class ModelMissingError(ModelError):
    """The model is not there, or its files are not what they should be."""


class ModelTimeoutError(ModelError):
    """The model gave no sign within its time."""

    retryable = True


class ModelCrashedError(ModelError):
    """The process that ran the model ended without an answer."""

    retryable = True


class ContextTooLongError(ModelError):
    """The prompt does not fit the model's window."""


class StorageError(QuireError):
    """The data folder did not serve."""

    retryable = True


class DiskFullError(StorageError):
    """No room is left where the data folder is."""


class HomeInUseError(StorageError):
    """Another process owns the data folder."""

    retryable = False


class DamagedIndexError(StorageError):
    """The vector index cannot be used; it can be made anew from the records."""


class EmbeddingSpaceError(StorageError):
    """The knowledge base was embedded by another model than the one chosen now."""

    retryable = False


class JobCancelledError(QuireError):
    """A person stopped the work."""
