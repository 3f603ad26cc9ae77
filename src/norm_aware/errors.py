"""Every error a user can meet, in one tree under `NormAwareError`.

A message names what was found, what was needed and what to do about it.
"""


class NormAwareError(Exception):
    """Base of all errors raised by norm-aware for something its user can mend."""


class EmbeddingError(NormAwareError, ValueError):
    """Embeddings that cannot be stored or searched with: NaN, infinite, or of the wrong shape."""


class NormalizedEmbeddingError(EmbeddingError):
    """Embeddings that all have length 1: their norm was thrown away before it reached us."""


class DimensionError(EmbeddingError):
    """An embedding whose dimension is not the one the collection was created with."""


class CollectionError(NormAwareError):
    """A Qdrant collection that cannot do what was asked of it."""


class CollectionNotFoundError(CollectionError):
    """The named collection does not exist."""


class DistanceError(CollectionError):
    """A collection under a distance that discards norms or cannot give them back."""


class ContractError(CollectionError):
    """A collection that was made with another encoder, or by an incompatible version."""


class MissingNormError(CollectionError):
    """A point or a node without the norm that its score is computed from.

    Attributes:
        count: points found without one, at least.
    """

    count: int = 1


class UnsupportedError(CollectionError, NotImplementedError):
    """Something Qdrant has and the engine in use has not."""


class ServerError(CollectionError):
    """A Qdrant server that could not be reached, or that answered with an error.

    Attributes:
        status: HTTP status of its answer; None where there was none.
        uncertain: whether the call may have been carried out all the same, its answer being lost.
    """

    def __init__(self, message: str, *, status: int | None = None, uncertain: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.uncertain = uncertain


class ServerAccessError(ServerError):
    """An API key that is missing, wrong, or may not do what was asked."""


class ServerVersionError(ServerError):
    """A Qdrant server too old for what was asked of it."""


class StrictModeError(ServerError):
    """A request that the collection's strict mode forbids."""


class QueryError(NormAwareError, ValueError):
    """A query or a search parameter that has no answer: empty text, top k of zero."""


class DatasetError(NormAwareError, ValueError):
    """A dataset that cannot be read; the message names the file and the line."""


class CalibrationError(NormAwareError, ValueError):
    """A calibration that cannot be fitted, read or applied: too few judgements, another encoder's file."""


class TrainingError(NormAwareError, ValueError):
    """A loss or a training that cannot be run as configured."""


class LLMError(NormAwareError):
    """A language model that could not be started, reached or understood.

    Attributes:
        status: HTTP status of its answer; None where there was none, or where it was no error.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class FormError(LLMError):
    """A language model whose reply does not follow the form it was asked for.

    Attributes:
        text: the reply.
    """

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class ModelStartError(LLMError):
    """A language model in this process that does not start: nothing it is asked will be answered."""


class BenchmarkError(NormAwareError):
    """A benchmark that cannot be run or rendered as asked."""


class PlanError(BenchmarkError, ValueError):
    """A benchmark's plan that cannot be read or does not hold together; the message names file and line."""


class SettingsError(NormAwareError, ValueError):
    """A setting with an unknown name or a bad value."""


class MissingExtraError(NormAwareError, ImportError):
    """An optional dependency that is not installed; the message names the extra to install."""


def first_line(error: BaseException) -> str:
    """The first line of what another library's error says, or its name where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
