"""A length learned beside a direction: the last module of an encoder whose norm starts at 1."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Module
from torch import Tensor, nn

_SHORTEST = 1e-12  # below it a vector has no direction in float32


class NormHead(Module):
    """`u * exp(w . u)`, where u is the unit vector of what the encoder made.

    w starts at 0, so that the encoder starts as cosine with norms of 1 and every norm it ends with was
    learned. There is no constant: a common scale of all norms says nothing.

    An ordinary module of sentence-transformers, saved and loaded with the model. `open_model`, and with it
    `RawEmbedding` and training, loads it as it is; sentence-transformers by itself asks for
    `trust_remote_code=True` before it imports a module of any other package, this one too.

    Args:
        dimension: numbers in an embedding.

    Example:
        >>> head = NormHead(2)
        >>> head({"sentence_embedding": torch.tensor([[3.0, 4.0]])})["sentence_embedding"].norm().item()
        1.0
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dimension = dimension
        self.head = nn.Linear(dimension, 1, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give each embedding its length, in float32 at least; a zero vector stays one."""
        embeddings: Tensor = features["sentence_embedding"]
        # under autocast a product is rounded to bfloat16, whose 8 bits tell few lengths apart
        with torch.autocast(embeddings.device.type, enabled=False):
            embeddings = embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))
            norms = torch.linalg.vector_norm(embeddings, dim=-1, keepdim=True)
            unit = embeddings / norms.where(norms > _SHORTEST, 1.0)
            lengths = nn.functional.linear(unit, self.head.weight.to(unit.dtype)).exp()
        return {**features, "sentence_embedding": unit * lengths}

    def get_embedding_dimension(self) -> int:
        """Numbers in an embedding."""
        return self.dimension

    def get_config_dict(self) -> dict[str, Any]:
        """What the head is made with."""
        return {"dimension": self.dimension}

    def save(self, output_path: str, *_: Any, safe_serialization: bool = True, **__: Any) -> None:
        """Write the head into its folder of the model."""
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)

    @classmethod
    def load(
        cls,
        model_name_or_path: str,
        subfolder: str = "",
        token: bool | str | None = None,
        cache_folder: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        init_defaults: dict[str, Any] | None = None,  # of the interface; a head has none
        **_: Any,
    ) -> NormHead:
        """Read the head from its folder of the model."""
        where: dict[str, Any] = {
            "subfolder": subfolder,
            "token": token,
            "cache_folder": cache_folder,
            "revision": revision,
            "local_files_only": local_files_only,
        }
        head = cls(**cls.load_config(model_name_or_path, **where))
        cls.load_torch_weights(model_name_or_path, model=head, **where)
        return head


def open_model(name: str, **options: Any) -> SentenceTransformer:
    """Load a sentence-transformers model that may end in a `NormHead`, with no trust in code of its own.

    Args:
        name: on the Hugging Face hub, or path.
        options: of `SentenceTransformer`.
    """
    # the class is named, and imported from here: nothing that comes with the model is run
    ours = {f"{NormHead.__module__}.{NormHead.__qualname__}": NormHead}
    load = getattr(SentenceTransformer, "_load_with_module_classes", None)  # private, so it may go
    if load is None:
        return SentenceTransformer(name, **options)
    model: SentenceTransformer = load(name, ours, **options)
    return model
